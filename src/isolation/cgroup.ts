import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findCgroupBases, type CgroupBase, type Controller } from './cgroup-find.ts';

/** What one zone may use. CPU is a share of one core: 0.5 is half of it, 2 are two. */
export interface ZoneLimits {
  readonly memoryBytesMax: number;
  readonly tasksMax: number;
  readonly cpus: number;
}

/** The groups of one instance: all zones below one name, so that one write stops them all. */
export interface CgroupTree {
  readonly kind: 'v2' | 'hybrid' | 'none';
  /** Limits the kernel holds here; what is missing is a degraded guarantee and said so. */
  readonly controllers: readonly Controller[];
  /** Directories of the instance, for a stop that comes from another process. */
  readonly paths: readonly string[];
  readonly create: (name: string, limits: ZoneLimits) => ZoneCgroup;
  /** Kills what is left and removes every group of the instance. */
  readonly destroy: () => Promise<void>;
}

export interface ZoneCgroup {
  readonly paths: readonly string[];
  /** Begins what makes the first `add` slow, while the wall is being built. */
  readonly prepare: () => void;
  readonly add: (pids: readonly number[]) => Promise<void>;
  /** Takes the limit on processor time away, so that what is killed can end at once. */
  readonly lift: () => void;
  /** SIGKILL to every process of the zone; false where the kernel has no such switch. */
  readonly kill: () => boolean;
  readonly oomKilled: () => boolean;
  readonly remove: () => Promise<void>;
}

const IMPOSSIBLE_PID = '2147483647';
/**
 * Long on purpose: half a processor is then a quarter of a second at full speed every half second. A reader starts and
 * reads an honest message within one allowance, and a bomb still gets its half.
 */
const CPU_PERIOD_US = 500_000;

/** The tree of the instance, as far as this machine lets us write one. */
export function openCgroups(instance: string): CgroupTree {
  const found = findCgroupBases(instance);
  const usable = found.bases.filter((base) => makeDirectory(base.path));
  const paths = [...new Set(usable.map((base) => base.path))];
  for (const path of paths) removeEmptyGroups(path);
  return {
    kind: usable.length === 0 ? 'none' : found.kind,
    controllers: usable.flatMap((base) => base.controllers),
    paths,
    create: (name, limits) => createZoneCgroup(usable, name, limits),
    destroy: async () => {
      killCgroups(paths);
      await removeCgroups(paths);
    },
  };
}

/** Limits that no group holds, in sentences. */
export function limitsMissing(held: readonly Controller[]): string[] {
  const missing = (['memory', 'pids', 'cpu'] as const).filter((controller) => !held.includes(controller));
  return missing.map((controller) => `no cgroup holds the ${controller} limit of a zone`);
}

/** Stops every process in the groups; true when at least one group could be told. Needs no supervisor. */
export function killCgroups(paths: readonly string[]): boolean {
  let told = false;
  for (const path of paths) {
    // Who has used up its time could not even die before the next period.
    for (const group of [path, ...listDirectories(path).map((name) => join(path, name))]) liftCpuLimit(group);
    told = tryWrite(join(path, 'cgroup.kill'), '1') || told;
  }
  return told;
}

function liftCpuLimit(group: string): void {
  for (const [file, value] of [
    ['cpu.max', 'max'],
    ['cpu.cfs_quota_us', '-1'],
  ] as const) {
    if (existsSync(join(group, file))) tryWrite(join(group, file), value);
  }
}

/** Removes empty groups, those below them first. Groups in use stay. */
export async function removeCgroups(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    for (const child of listDirectories(path)) await removeGroup(join(path, child));
    await removeGroup(path);
  }
}

/** Processes in the groups and those below them. */
export function cgroupMembers(paths: readonly string[]): number[] {
  const members = new Set<number>();
  const visit = (path: string): void => {
    for (const line of (tryRead(join(path, 'cgroup.procs')) ?? '').split('\n'))
      if (line !== '') members.add(Number(line));
    for (const child of listDirectories(path)) visit(join(path, child));
  };
  paths.forEach(visit);
  return [...members];
}

function createZoneCgroup(bases: readonly CgroupBase[], name: string, limits: ZoneLimits): ZoneCgroup {
  const groups = bases.map((base) => ({ ...base, path: join(base.path, name) }));
  for (const group of groups) {
    makeDirectory(group.path);
    for (const controller of group.controllers) {
      for (const [file, value] of limitFiles(controller, group.version, limits))
        tryWrite(join(group.path, file), value);
    }
  }
  const paths = groups.map((group) => group.path);
  return {
    paths,
    // The first move after a while waits for a grace period of the kernel (5 to 15 ms); asking to move a process that
    // cannot exist waits for it too, beside us.
    prepare: () => void writeFile(join(paths[0] ?? '/nowhere', 'cgroup.procs'), IMPOSSIBLE_PID).catch(() => undefined),
    add: async (pids) => {
      for (const path of paths) for (const pid of pids) await writeFile(join(path, 'cgroup.procs'), String(pid));
    },
    kill: () => killCgroups(paths),
    lift: () => paths.forEach(liftCpuLimit),
    oomKilled: () =>
      groups.some(({ path, version, controllers }) => {
        if (!controllers.includes('memory')) return false;
        const events = tryRead(join(path, version === 2 ? 'memory.events' : 'memory.oom_control')) ?? '';
        return Number(/^oom_kill (\d+)$/m.exec(events)?.[1] ?? 0) > 0;
      }),
    remove: async () => {
      for (const path of paths) await removeGroup(path);
    },
  };
}

function limitFiles(
  controller: Controller,
  version: 1 | 2,
  limits: ZoneLimits,
): readonly (readonly [string, string])[] {
  const quotaUs = String(Math.max(1_000, Math.round(limits.cpus * CPU_PERIOD_US)));
  switch (controller) {
    case 'memory':
      return version === 2
        ? [
            ['memory.max', String(limits.memoryBytesMax)],
            ['memory.swap.max', '0'],
            ['memory.oom.group', '1'],
          ]
        : [
            ['memory.limit_in_bytes', String(limits.memoryBytesMax)],
            ['memory.memsw.limit_in_bytes', String(limits.memoryBytesMax)],
          ];
    case 'pids':
      return [['pids.max', String(limits.tasksMax)]];
    case 'cpu':
      return version === 2
        ? [['cpu.max', `${quotaUs} ${CPU_PERIOD_US}`]]
        : [
            ['cpu.cfs_period_us', String(CPU_PERIOD_US)],
            ['cpu.cfs_quota_us', quotaUs],
          ];
    case 'kill':
      return [];
    default:
      return controller satisfies never;
  }
}

/** A group can be removed once its last process is reaped, which the kernel does a little after the kill. */
async function removeGroup(path: string): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      rmdirSync(path);
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EBUSY')) return;
      await sleep(10);
    }
  }
}

/** What a crash left. Groups with processes stay: the kernel does not remove those. */
function removeEmptyGroups(path: string): void {
  for (const child of listDirectories(path)) {
    try {
      rmdirSync(join(path, child));
    } catch {
      // In use.
    }
  }
}

function listDirectories(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

function makeDirectory(path: string): boolean {
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 });
    return true;
  } catch {
    return false;
  }
}

function tryWrite(path: string, value: string): boolean {
  try {
    writeFileSync(path, value);
    return true;
  } catch {
    return false;
  }
}

function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
