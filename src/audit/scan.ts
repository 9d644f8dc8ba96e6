import { closeSync, constants, openSync, readSync } from 'node:fs';
import { ROOM_BEFORE } from './check-line.ts';
import { LINE_BYTES_MAX } from './format.ts';

const CHUNK_BYTES = 1024 * 1024;

/** Handles one raw line in `buffer[start, end)`, without LF; false stops the scan. */
export type OnLine = (buffer: Buffer, start: number, end: number) => boolean;

export interface Scanned {
  /** Bytes of the whole lines handled. */
  readonly bytes: number;
  /** Bytes after the last LF. */
  readonly tornBytes: number;
  readonly stopped: boolean;
}

/**
 * Reads the raw lines in bytes `[from, to)` of a file, in order, in constant memory; `from` is the start of a line.
 * A line longer than any of ours is handed over cut, so that its check fails.
 * @throws Error of `node:fs` when the file cannot be read or is a link.
 */
export function scanLines(path: string, range: { from: number; to: number }, onLine: OnLine): Scanned {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return scan(fd, range, onLine);
  } finally {
    closeSync(fd);
  }
}

function scan(fd: number, { from, to }: { from: number; to: number }, onLine: OnLine): Scanned {
  const buffer = Buffer.allocUnsafeSlow(ROOM_BEFORE + LINE_BYTES_MAX + 1 + CHUNK_BYTES);
  let position = from;
  let held = 0; // bytes of an unfinished line, kept at ROOM_BEFORE
  let bytes = 0;
  while (position < to) {
    const wanted = Math.min(CHUNK_BYTES, to - position);
    const got = readSync(fd, buffer, ROOM_BEFORE + held, wanted, position);
    if (got === 0) break;
    position += got;
    const filled = ROOM_BEFORE + held + got;
    let start = ROOM_BEFORE;
    for (;;) {
      const end = buffer.indexOf(10, start);
      if (end === -1 || end >= filled) break;
      if (!onLine(buffer, start, end)) return { bytes, tornBytes: 0, stopped: true };
      bytes += end + 1 - start;
      start = end + 1;
    }
    held = filled - start;
    if (held > LINE_BYTES_MAX) {
      onLine(buffer, start, filled);
      return { bytes, tornBytes: 0, stopped: true };
    }
    buffer.copy(buffer, ROOM_BEFORE, start, filled);
  }
  return { bytes, tornBytes: held, stopped: false };
}
