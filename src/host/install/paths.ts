import { lstatSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { HardshellError } from '../../contracts/index.ts';

/** The tree that an installation goes into: `/`, or a folder that an image is built in. */
export interface Target {
  readonly root: string;
  /** Uid that files of the system belong to there. */
  readonly live: boolean;
}

export function targetAt(root: string): Target {
  return { root, live: root === '/' };
}

/** Where a path of the plan lies in the target. */
export function placeOf(target: Target, path: string): string {
  return target.live ? path : join(target.root, path);
}

export function look(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/**
 * Refuses a way that somebody else could bend: every directory above `path` is a real one, root's, and nobody else can
 * write it (a folder like /tmp may be written by all where only owners may rename). Throws `home_unsafe`.
 */
export function requireSafeWay(target: Target, path: string, allowed: ReadonlySet<number> = new Set()): void {
  const words = path.split('/').filter(Boolean).slice(0, -1);
  let at = target.live ? '' : target.root;
  for (const word of words) {
    at = `${at}/${word}`;
    const found = look(at);
    if (found === undefined) return;
    if (found.isSymbolicLink()) throw unsafe(`\`${at}\` is a link`, 'put a directory there');
    if (!found.isDirectory()) throw unsafe(`\`${at}\` is not a directory`, 'move it away');
    if (found.uid !== 0 && !allowed.has(found.uid))
      throw unsafe(`\`${at}\` belongs to uid ${found.uid}`, 'give it to root, or move it away');
    const open = (found.mode & 0o022) !== 0 && (found.mode & 0o1000) === 0;
    if (open) throw unsafe(`\`${at}\` can be written by others`, `run \`chmod go-w ${at}\``);
  }
}

export function unsafe(what: string, remedy: string): HardshellError {
  return new HardshellError('home_unsafe', `${what}; ${remedy}, then install again`, { fate: 'refuse' });
}
