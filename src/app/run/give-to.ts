import { closeSync, constants, lchownSync, openSync, readdirSync } from 'node:fs';
import { HardshellError } from '../../contracts/index.ts';

const DEPTH_MAX = 1_000;
const NO_FOLDER = new Set(['ENOTDIR', 'ELOOP', 'ENOENT', 'ENXIO']);

interface OpenFolder {
  readonly fd: number;
  readonly left: string[];
}

/**
 * Gives a folder and all below it to a uid. INVARIANT: root touches nothing but what lies there: each step is taken from
 * an open folder, so that a name that becomes a link meanwhile leads nowhere, and a path has no length.
 * Throws `home_unsafe` where folders nest too deep.
 */
export function giveTo(root: string, uid: number): void {
  const open: OpenFolder[] = [];
  const enter = (path: string): void => {
    const fd = openFolder(path);
    if (fd === undefined) return;
    open.push({ fd, left: readdirSync(inside(fd, '')) });
    if (open.length > DEPTH_MAX)
      throw new HardshellError('home_unsafe', `folders in \`${root}\` nest deeper than ${DEPTH_MAX}; remove them`, {
        fate: 'refuse',
      });
  };
  try {
    lchownSync(root, uid, uid);
    enter(root);
    for (let at = open.at(-1); at !== undefined; at = open.at(-1)) {
      const name = at.left.pop();
      if (name === undefined) {
        closeSync(at.fd);
        open.pop();
        continue;
      }
      const path = inside(at.fd, name);
      lchownSync(path, uid, uid);
      enter(path);
    }
  } finally {
    for (const { fd } of open) closeSync(fd);
  }
}

function inside(fd: number, name: string): string {
  return `/proc/self/fd/${fd}/${name}`;
}

/** Undefined for anything but a folder: a link is not followed, a pipe or device not opened. */
function openFolder(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if (error instanceof Error && 'code' in error && NO_FOLDER.has(String(error.code))) return undefined;
    throw error;
  }
}
