import type { Stats } from 'node:fs';
import { lstat, opendir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { parseMaildirName, sortByArrival, uniqueName, type MaildirName } from './names.ts';
import { errorCode } from './take.ts';

/** A message file waiting in a Maildir folder. */
export interface Waiting extends MaildirName {
  readonly folder: 'new' | 'cur';
  readonly name: string;
}

/** Names held at once; more stay on the disk until these are done. */
const LISTED_MAX = 200_000;
const DIR_BUFFER = 1_024;

/**
 * Messages of `new` that wait to be taken, in order of arrival. Names that cannot be keys are replaced first.
 * Listing is incremental: a folder of 100 000 files does not block the process.
 */
export async function listNew(inbox: string, order: () => number): Promise<readonly Waiting[]> {
  return sortByArrival(await listFolder(inbox, 'new', order));
}

/** Messages of `cur` that nobody has seen yet: some delivery programs put mail there themselves. */
export async function listUnseen(inbox: string, order: () => number): Promise<readonly Waiting[]> {
  const found = (await listFolder(inbox, 'cur', order)).filter((entry) => !(entry.flags ?? '').includes('S'));
  return sortByArrival(found);
}

/** Loose `.eml` files dropped directly into the inbox, oldest first. */
export async function listLoose(
  inbox: string,
): Promise<readonly { readonly name: Buffer; readonly mtimeMs: number }[]> {
  const loose: { name: Buffer; mtimeMs: number }[] = [];
  for await (const name of names(inbox)) {
    if (!/^[^.].*\.eml$/is.test(name.toString('latin1'))) continue;
    const stat = await lstatOrNull(joinBytes(inbox, name));
    if (stat !== null && !stat.isDirectory()) loose.push({ name, mtimeMs: stat.mtimeMs });
    if (loose.length >= LISTED_MAX) break;
  }
  return loose.sort((a, b) => a.mtimeMs - b.mtimeMs || a.name.compare(b.name));
}

async function listFolder(inbox: string, folder: 'new' | 'cur', order: () => number): Promise<Waiting[]> {
  const found: Waiting[] = [];
  for await (const raw of names(join(inbox, folder))) {
    if (raw[0] === DOT) continue;
    const text = raw.toString('utf8');
    const parsed = Buffer.from(text).equals(raw) ? parseMaildirName(text) : null;
    if (parsed !== null) found.push({ ...parsed, folder, name: text });
    else found.push(...(await renamed(join(inbox, folder), folder, raw, order)));
    if (found.length >= LISTED_MAX) break;
  }
  return found;
}

const DOT = 0x2e;

/** The file under a name of ours; nothing when it is gone or a directory. */
async function renamed(
  path: string,
  folder: 'new' | 'cur',
  raw: Buffer,
  order: () => number,
): Promise<readonly Waiting[]> {
  const stat = await lstatOrNull(joinBytes(path, raw));
  if (stat === null || stat.isDirectory()) return [];
  const name = uniqueName(Math.max(0, Math.floor(stat.mtimeMs)), order());
  try {
    await rename(joinBytes(path, raw), join(path, name));
  } catch {
    return [];
  }
  return [{ key: name, flags: null, folder, name }];
}

async function* names(path: string): AsyncGenerator<Buffer> {
  // The declared types know text names only; with `buffer` the names are the bytes on the disk.
  const directory = await opendir(path, { encoding: 'buffer' as BufferEncoding, bufferSize: DIR_BUFFER });
  for await (const entry of directory) yield entry.name as unknown as Buffer;
}

async function lstatOrNull(path: Buffer): Promise<Stats | null> {
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
