import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FilePort } from './file-port.ts';

/** Bytes kept back so that a stop can still be recorded on a full disk: several hundred lines and a few blocks. */
export const RESERVE_BYTES = 256 * 1024;
const RESERVE = 'reserve';

/**
 * Makes the reserve file when it is absent or short. Random bytes, so that a compressing file system cannot promise
 * room it does not hold. A disk too full for it is not an error here: the log itself decides what is.
 */
export async function keepReserve(dir: string, files: FilePort): Promise<boolean> {
  const path = join(dir, RESERVE);
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size >= RESERVE_BYTES) return true;
  return files.replace(path, randomBytes(RESERVE_BYTES)).then(
    () => true,
    () => false,
  );
}

/** Gives the kept space back to the file system. */
export async function releaseReserve(dir: string, files: FilePort): Promise<void> {
  await files.remove(join(dir, RESERVE));
}
