import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { SNIFF_BYTES } from './sniff.ts';

/** Opens a file for reading without waiting for a pipe; `follow` only where a person named the link. */
export function openForReading(path: string, follow: boolean): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NONBLOCK | (follow ? 0 : constants.O_NOFOLLOW));
}

/** The first bytes of a file. */
export async function readHead(path: string, follow: boolean, bytesMax: number = SNIFF_BYTES): Promise<Buffer> {
  const file = await openForReading(path, follow);
  try {
    const bytes = Buffer.alloc(bytesMax);
    const { bytesRead } = await file.read(bytes, 0, bytesMax, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Reads a file in order, up to the size that it had when it was opened: a growing one ends there. */
export function readerOf(
  file: FileHandle,
  start: number,
  end: number,
): (bytesWanted: number) => Promise<Buffer | null> {
  let at = start;
  return async (bytesWanted) => {
    const length = Math.min(bytesWanted, end - at);
    if (length <= 0) return null;
    const bytes = Buffer.allocUnsafeSlow(length);
    const { bytesRead } = await file.read(bytes, 0, length, at);
    at += bytesRead;
    return bytesRead === 0 ? null : bytes.subarray(0, bytesRead);
  };
}
