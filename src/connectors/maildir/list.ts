import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { joinBytes, lstatOrNull, namesIn, uniqueName } from '../base/dropped.ts';
import { parseMaildirName, sortByArrival, type MaildirName } from './names.ts';

/** A message file waiting in a Maildir folder. */
export interface Waiting extends MaildirName {
  readonly folder: 'new' | 'cur';
  readonly name: string;
}

/** Names held at once; more stay on the disk until these are done. */
const LISTED_MAX = 200_000;

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
  for await (const name of namesIn(inbox)) {
    if (!/^[^.].*\.eml$/is.test(name.toString('latin1'))) continue;
    const stat = await lstatOrNull(joinBytes(inbox, name));
    if (stat !== null && !stat.isDirectory()) loose.push({ name, mtimeMs: stat.mtimeMs });
    if (loose.length >= LISTED_MAX) break;
  }
  return loose.sort((a, b) => a.mtimeMs - b.mtimeMs || a.name.compare(b.name));
}

async function listFolder(inbox: string, folder: 'new' | 'cur', order: () => number): Promise<Waiting[]> {
  const found: Waiting[] = [];
  for await (const raw of namesIn(join(inbox, folder))) {
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
