import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { LIMITS } from '../../contracts/index.ts';

/** A file that changed within this many milliseconds may still be being written. */
export const SETTLE_MS = 300;
/** How long a second name of a file (delivery links before it unlinks) is waited for to go. */
const LINK_SETTLE_MS = 5_000;

export type Taken =
  | { readonly kind: 'taken'; readonly bytes: Buffer; readonly receivedAt: Date }
  | { readonly kind: 'wait' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'rejected'; readonly reason: 'too_large' | 'unreadable' };

/**
 * The bytes of a dropped file. Whoever can write to the folder may plant anything there: links are not followed, pipes
 * and devices are not waited for, a second name of a file that stands elsewhere is not read.
 */
export async function takeFile(path: string, nowMs: number): Promise<Taken> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? { kind: 'gone' } : { kind: 'rejected', reason: 'unreadable' };
  }
  try {
    const taken = await readSettled(file, nowMs);
    // What was dropped with a wider mode is the owner's alone from here on; another owner's file stays as it is.
    if (taken.kind === 'taken') await file.chmod(0o600).catch(() => undefined);
    return taken;
  } catch {
    return { kind: 'rejected', reason: 'unreadable' };
  } finally {
    await file.close();
  }
}

async function readSettled(file: FileHandle, nowMs: number): Promise<Taken> {
  const before = await file.stat();
  if (!before.isFile()) return { kind: 'rejected', reason: 'unreadable' };
  if (isWithin(nowMs - before.mtimeMs, SETTLE_MS)) return { kind: 'wait' };
  if (before.nlink > 1) {
    return isWithin(nowMs - before.ctimeMs, LINK_SETTLE_MS)
      ? { kind: 'wait' }
      : { kind: 'rejected', reason: 'unreadable' };
  }
  if (before.size > LIMITS.rawMessageBytesMax.value) return { kind: 'rejected', reason: 'too_large' };
  const bytes = await readExactly(file, before.size);
  const after = await file.stat();
  const changed = bytes === null || after.size !== before.size || after.mtimeMs !== before.mtimeMs;
  return changed ? { kind: 'wait' } : { kind: 'taken', bytes, receivedAt: new Date(Math.max(0, before.mtimeMs)) };
}

/** Exactly `size` bytes, or null when the file ends before: it may never cost more memory than was checked. */
async function readExactly(file: FileHandle, size: number): Promise<Buffer | null> {
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  while (at < size) {
    const { bytesRead } = await file.read(bytes, at, size - at, at);
    if (bytesRead === 0) return null;
    at += bytesRead;
  }
  return bytes;
}

/** True for a time near now. One far in the future is a wrong clock, not a fresh write. */
export function isWithin(ageMs: number, limitMs: number): boolean {
  return Math.abs(ageMs) < limitMs;
}

export function errorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
