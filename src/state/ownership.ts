import { chownSync, fchownSync, lchownSync, lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ACCOUNTS } from '../contracts/index.ts';
import { HOME_FILES } from './files.ts';
import type { InstancePaths } from './paths.ts';

/** Whose home it is, where root works on one that is not root's: an installed instance. */
export interface HomeOwner {
  readonly uid: number;
  readonly gid: number;
}

/** Whose the home is where root works on an installed instance; undefined where it is our own. */
export function ownerOfHome({ deployment }: Pick<InstancePaths, 'deployment'>): HomeOwner | undefined {
  const { uid } = ACCOUNTS.executor;
  return deployment === 'installed' && process.getuid?.() === 0 ? { uid, gid: uid } : undefined;
}

/** Parts that other accounts keep: the supervisor writes logs, the mail connector has a folder outside the home. */
const NOT_GIVEN = new Set(['logs', 'mail']);

/**
 * Gives what root made in a home to the home's owner. Links are given, never followed; what belongs to somebody else
 * stays, and opening the home refuses it.
 */
export function giveHome(home: string, owner: HomeOwner): void {
  for (const { path } of HOME_FILES) {
    if (NOT_GIVEN.has(path.split('/')[0] ?? '')) continue;
    for (const name of namesOf(home, path)) {
      const found = lstatSync(join(home, name), { throwIfNoEntry: false });
      if (found?.uid === 0) lchownSync(join(home, name), owner.uid, owner.gid);
    }
  }
  chownSync(home, owner.uid, owner.gid);
}

/** A file that root makes in another's folder belongs to that other: the executor could not read it otherwise. */
export function keepOwnerOfFolder(fd: number, path: string): void {
  if (process.getuid?.() !== 0) return;
  const folder = lstatSync(dirname(path));
  if (folder.uid !== 0) fchownSync(fd, folder.uid, folder.gid);
}

/** Whether a file found in a home may be ours: our own, or, for root, the home's owner's. */
export function isOwnersFile(home: string, uid: number): boolean {
  const own = process.getuid?.() ?? 0;
  if (uid === own) return true;
  return own === 0 && lstatSync(home, { throwIfNoEntry: false })?.uid === uid;
}

function namesOf(home: string, pattern: string): string[] {
  if (!pattern.endsWith('/*')) return [pattern];
  const folder = pattern.slice(0, -2);
  try {
    return readdirSync(join(home, folder)).map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
}
