import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { identifyProcess } from '../inspect.ts';

// The prober may be root, and other users of the machine are not friends: nothing here is writable to everybody, what
// root makes it makes before it gives it away, and what it removes it removes without following anything.

const NAME = 'hardshell-escape-';
const SEEN_BY_ALL = 0o755;
const OURS = 0o700;
/** Who is let through the directory may connect, and read. */
const OPEN_SOCKET = 0o777;
const OPEN_FILE = 0o644;

export const PART = { programs: 'programs', other: 'other', writable: 'writable', shown: 'shown', own: 'own' } as const;

/** A new stage directory with its parts. The twins' own parts are ours alone. */
export function layOut(parent: string): string {
  const directory = mkdtempSync(join(parent, `${NAME}${process.pid}-`));
  for (const name of [PART.programs, PART.other]) makeDirectory(join(directory, name), SEEN_BY_ALL);
  for (const name of [PART.writable, PART.shown]) makeDirectory(join(directory, name), OURS);
  for (const name of ['canary', `${PART.shown}/file`]) makeFile(join(directory, name));
  chmodSync(directory, SEEN_BY_ALL);
  return directory;
}

/** Listens at a path, for whoever may reach it. */
export type ListenAt = (path: string) => Promise<unknown>;

/**
 * A directory as zones get theirs: a socket, a file, a directory. It belongs to the zone's uid, so that behind the wall
 * nothing but the wall refuses; undefined leaves it ours.
 */
export async function makeSocketDirectory(
  path: string,
  owner: { readonly uid: number; readonly gid: number } | undefined,
  listenAt: ListenAt,
): Promise<void> {
  makeDirectory(path, OURS);
  makeDirectory(join(path, 'inner'), SEEN_BY_ALL);
  makeFile(join(path, 'spare'));
  await listenAt(join(path, 'zone.sock'));
  openSocket(join(path, 'zone.sock'));
  chmodSync(path, SEEN_BY_ALL);
  // The directory last: from then on it is another's.
  if (owner !== undefined)
    for (const name of ['inner', 'spare', 'zone.sock', '.']) lchownSync(join(path, name), owner.uid, owner.gid);
}

/** Only in a directory that nobody else can write. */
export function openSocket(path: string): void {
  chmodSync(path, OPEN_SOCKET);
}

/** Takes a stage away: two levels, each entry for itself. What strangers may have put there, and is full, stays. */
export function removeStage(directory: string): void {
  for (const name of namesIn(directory)) {
    const part = join(directory, name);
    for (const inner of namesIn(part)) removeOne(join(part, inner));
    removeOne(part);
  }
  removeOne(directory);
}

/** What an earlier prober of ours left that was ended before it could clean up. */
export function removeLeft(parent: string): void {
  for (const name of namesIn(parent)) {
    const pid = name.startsWith(NAME) ? Number(name.slice(NAME.length).split('-')[0]) : Number.NaN;
    if (!Number.isInteger(pid) || identifyProcess(pid) !== undefined) continue;
    const found = lstatSync(join(parent, name), { throwIfNoEntry: false });
    if (found?.isDirectory() === true && found.uid === process.getuid?.()) removeStage(join(parent, name));
  }
}

function makeDirectory(path: string, mode: number): void {
  mkdirSync(path, OURS);
  chmodSync(path, mode);
}

function makeFile(path: string): void {
  writeFileSync(path, randomBytes(16).toString('hex'), { flag: 'wx', mode: 0o600 });
  chmodSync(path, OPEN_FILE);
}

/** The names in a directory, none where it is no directory: a link is not followed. */
function namesIn(path: string): string[] {
  try {
    return lstatSync(path).isDirectory() ? readdirSync(path) : [];
  } catch {
    return [];
  }
}

function removeOne(path: string): void {
  try {
    if (lstatSync(path).isDirectory()) rmdirSync(path);
    else unlinkSync(path);
  } catch {
    // Gone already, or not ours to remove.
  }
}
