import { closeSync, constants, fsyncSync, lstatSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HardshellError } from '../../contracts/index.ts';
import { FIRST_LINE } from './markdown.ts';

/**
 * Writes a baseline to a file of mode 0600, in one step. An older baseline is replaced; anything else that stands there
 * is left alone and refused (`home_unsafe`), links too.
 */
export function writeBaseline(path: string, text: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined && (!found.isFile() || !isBaseline(path)))
    throw refusal(`\`${path}\` is there and is no baseline; name another file`);
  const staging = join(dirname(path), `.baseline.${process.pid}.new`);
  try {
    const fd = openSync(
      staging,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    );
    try {
      writeSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(staging, path);
  } catch (cause) {
    rmSync(staging, { force: true });
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw refusal(`\`${path}\` cannot be written (${code}); check the folder`, cause);
  }
}

function isBaseline(path: string): boolean {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const start = Buffer.alloc(FIRST_LINE.length + 1);
    readSync(fd, start, 0, start.length, 0);
    return start.toString('latin1') === `${FIRST_LINE}\n`;
  } finally {
    closeSync(fd);
  }
}

function refusal(message: string, cause?: unknown): HardshellError {
  return new HardshellError('home_unsafe', message, { fate: 'refuse', ...(cause === undefined ? {} : { cause }) });
}
