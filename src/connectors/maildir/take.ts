import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { LIMITS } from '../../contracts/index.ts';
import { isUnchanged, openDropped } from '../base/dropped.ts';

export type Taken =
  | { readonly kind: 'taken'; readonly bytes: Buffer; readonly receivedAt: Date }
  | { readonly kind: 'wait' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'rejected'; readonly reason: 'too_large' | 'unreadable' };

/** The bytes of a dropped mail. */
export async function takeFile(path: string, nowMs: number): Promise<Taken> {
  const dropped = await openDropped(path, nowMs);
  if (dropped.kind === 'rejected') return { kind: 'rejected', reason: 'unreadable' };
  if (dropped.kind !== 'open') return dropped;
  const { file, stat } = dropped;
  try {
    const taken = await readWhole(file, stat);
    // What was dropped with a wider mode is the owner's alone from here on; another owner's file stays as it is.
    if (taken.kind === 'taken') await file.chmod(0o600).catch(() => undefined);
    return taken;
  } catch {
    return { kind: 'rejected', reason: 'unreadable' };
  } finally {
    await file.close();
  }
}

async function readWhole(file: FileHandle, before: Stats): Promise<Taken> {
  if (before.size > LIMITS.rawMessageBytesMax.value) return { kind: 'rejected', reason: 'too_large' };
  const bytes = await readExactly(file, before.size);
  if (bytes === null || !(await isUnchanged(file, before))) return { kind: 'wait' };
  return { kind: 'taken', bytes, receivedAt: new Date(Math.max(0, before.mtimeMs)) };
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
