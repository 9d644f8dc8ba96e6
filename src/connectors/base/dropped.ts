import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { lstat, open, opendir, type FileHandle } from 'node:fs/promises';

/** A file that changed within this many milliseconds may still be being written. */
export const SETTLE_MS = 300;
/** How long a second name of a file (delivery links before it unlinks) is waited for to go. */
const LINK_SETTLE_MS = 5_000;
const DIR_BUFFER = 1_024;

/** A file that somebody put into a folder of ours, or why it is not read now or at all. */
export type Dropped =
  | { readonly kind: 'open'; readonly file: FileHandle; readonly stat: Stats }
  | { readonly kind: 'wait' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'rejected' };

/**
 * Opens a dropped file for reading; the caller closes it. Whoever can write to the folder may plant anything there:
 * links are not followed, pipes and devices are not waited for, a second name of a file that stands elsewhere is not
 * read.
 */
export async function openDropped(path: string | Buffer, nowMs: number): Promise<Dropped> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? { kind: 'gone' } : { kind: 'rejected' };
  }
  try {
    const stat = await file.stat();
    const state = judge(stat, nowMs);
    if (state === 'settled') return { kind: 'open', file, stat };
    await file.close();
    return { kind: state };
  } catch {
    await file.close().catch(() => undefined);
    return { kind: 'rejected' };
  }
}

function judge(stat: Stats, nowMs: number): 'settled' | 'wait' | 'rejected' {
  if (!stat.isFile()) return 'rejected';
  if (isWithin(nowMs - stat.mtimeMs, SETTLE_MS)) return 'wait';
  if (stat.nlink > 1) return isWithin(nowMs - stat.ctimeMs, LINK_SETTLE_MS) ? 'wait' : 'rejected';
  return 'settled';
}

/** True when the file is as it was at `before`: nobody wrote to it meanwhile. */
export async function isUnchanged(file: FileHandle, before: Stats): Promise<boolean> {
  const after = await file.stat();
  return after.size === before.size && after.mtimeMs === before.mtimeMs;
}

/** Names in a folder as the bytes on the disk, read little by little: 100 000 of them do not block the process. */
export async function* namesIn(path: string): AsyncGenerator<Buffer> {
  // The declared types know text names only; with `buffer` the names are the bytes on the disk.
  const directory = await opendir(path, { encoding: 'buffer' as BufferEncoding, bufferSize: DIR_BUFFER });
  for await (const entry of directory) yield entry.name as unknown as Buffer;
}

export async function lstatOrNull(path: string | Buffer): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Joins a folder and a name that need not be UTF-8. */
export function joinBytes(path: string, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${path}/`), name]);
}

/** True for a time near now. One far in the future is a wrong clock, not a fresh write. */
export function isWithin(ageMs: number, limitMs: number): boolean {
  return Math.abs(ageMs) < limitMs;
}

export function errorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

/** A fresh unique name: seconds, microseconds (`order` keeps one millisecond's names apart), process, 64 random bits. */
export function uniqueName(nowMs: number, order: number): string {
  const ms = nowMs + Math.floor(order / 1_000);
  const micros = String((ms % 1_000) * 1_000 + (order % 1_000)).padStart(6, '0');
  return `${Math.floor(ms / 1_000)}.M${micros}P${process.pid}R${randomBytes(8).toString('hex')}.hardshell`;
}
