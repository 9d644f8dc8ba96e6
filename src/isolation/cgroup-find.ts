import { accessSync, constants, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type Controller = 'memory' | 'pids' | 'cpu' | 'kill';

/** A directory of the instance in one hierarchy, and what it can hold there. */
export interface CgroupBase {
  readonly path: string;
  readonly version: 1 | 2;
  readonly controllers: readonly Controller[];
}

export interface CgroupBases {
  readonly kind: 'v2' | 'hybrid' | 'none';
  readonly bases: readonly CgroupBase[];
}

const LIMITING = ['memory', 'pids', 'cpu'] as const;

interface Hierarchy {
  readonly version: 1 | 2;
  /** v1: the controllers mounted there. v2: none, they are read from the group. */
  readonly names: readonly string[];
  readonly mount: string;
  /** Our own group, as a directory. */
  readonly own: string;
}

/** Where this process may make groups: below its own where delegated, at the root of the hierarchy as root. */
export function findCgroupBases(instance: string): CgroupBases {
  const hierarchies = readHierarchies();
  const name = `hardshell-${instance}`;
  const unified = hierarchies.find((hierarchy) => hierarchy.version === 2);
  const v1 = hierarchies
    .filter((hierarchy) => hierarchy.version === 1)
    .flatMap((hierarchy): CgroupBase[] => {
      const controllers = LIMITING.filter((controller) => hierarchy.names.includes(controller));
      return controllers.length > 0 && isWritable(hierarchy.own)
        ? [{ path: join(hierarchy.own, name), version: 1, controllers }]
        : [];
    });
  const v2 = unified === undefined ? [] : findUnifiedBase(unified, name);
  if (v1.length > 0) return { kind: 'hybrid', bases: [...v1, ...v2] };
  return { kind: v2.length > 0 ? 'v2' : 'none', bases: v2 };
}

/**
 * Our own group first, then those above it: a group that has processes cannot hand controllers down, the slice that
 * holds it can. What an ordinary user may write of them is what was delegated to that user.
 */
function findUnifiedBase(unified: Hierarchy, name: string): CgroupBase[] {
  // To move a process one must be able to write the membership of the group above both places.
  const writable = ancestorsOf(unified.own, unified.mount).filter(
    (path) => isWritable(path) && isWritable(join(path, 'cgroup.procs')),
  );
  for (const parent of writable) {
    const controllers = delegate(parent, name);
    if (controllers.length > 0)
      return [{ path: join(parent, name), version: 2, controllers: [...controllers, 'kill'] }];
  }
  return writable.slice(0, 1).map((parent) => ({ path: join(parent, name), version: 2, controllers: ['kill'] }));
}

function ancestorsOf(path: string, top: string): string[] {
  const found = [path];
  for (let at = path; at !== top && at.startsWith(top);) {
    at = dirname(at);
    found.push(at);
  }
  return found;
}

/**
 * Hands the controllers of `parent` down to the instance's group. A group with processes of its own cannot do that
 * (except the root); where we are the only one in it, we step aside into a leaf.
 */
function delegate(parent: string, name: string): (typeof LIMITING)[number][] {
  const offered = readWords(join(parent, 'cgroup.controllers'));
  const wanted = LIMITING.filter((controller) => offered.includes(controller));
  if (wanted.length === 0) return [];
  const own = join(parent, name);
  const request = wanted.map((controller) => `+${controller}`).join(' ');
  try {
    mkdirSync(own, { recursive: true });
    if (handDown(parent, name, request) && tryWrite(join(own, 'cgroup.subtree_control'), request)) return wanted;
    rmdirSync(own);
  } catch {
    // Not ours to make, or in use: the next group above is asked.
  }
  return [];
}

function handDown(parent: string, name: string, request: string): boolean {
  const control = join(parent, 'cgroup.subtree_control');
  if (tryWrite(control, request)) return true;
  if (readWords(join(parent, 'cgroup.procs')).join() !== String(process.pid)) return false;
  const leaf = join(parent, `${name}-supervisor`);
  mkdirSync(leaf, { recursive: true });
  return tryWrite(join(leaf, 'cgroup.procs'), String(process.pid)) && tryWrite(control, request);
}

/** The groups of another process, as directories. */
export function cgroupPathsOf(pid: number): string[] {
  return [...new Set(readHierarchies(pid).map((hierarchy) => hierarchy.own))];
}

function readHierarchies(pid: number | 'self' = 'self'): Hierarchy[] {
  const mounts = readLines('/proc/self/mountinfo').flatMap((line) => {
    const [left, right] = line.split(' - ');
    const [, , , root, mount] = (left ?? '').split(' ');
    const [type, , options] = (right ?? '').split(' ');
    if ((type !== 'cgroup' && type !== 'cgroup2') || root === undefined || mount === undefined) return [];
    return [
      { version: type === 'cgroup2' ? (2 as const) : (1 as const), root, mount, options: (options ?? '').split(',') },
    ];
  });
  return readLines(`/proc/${pid}/cgroup`).flatMap((line): Hierarchy[] => {
    const [, names, ...rest] = line.split(':');
    const list = (names ?? '').split(',').filter(Boolean);
    const path = rest.join(':');
    const found = mounts.find((mount) =>
      list.length === 0
        ? mount.version === 2
        : mount.version === 1 && list.every((word) => mount.options.includes(word)),
    );
    if (found === undefined) return [];
    // Behind a namespace or a bind the mount shows only a part of the tree.
    const below = path.startsWith(found.root) ? path.slice(found.root === '/' ? 0 : found.root.length) : '/';
    return [{ version: found.version, names: list, mount: found.mount, own: join(found.mount, below) }];
  });
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

function readWords(path: string): string[] {
  return readLines(path).join(' ').split(/\s+/).filter(Boolean);
}

function tryWrite(path: string, value: string): boolean {
  try {
    writeFileSync(path, value);
    return true;
  } catch {
    return false;
  }
}
