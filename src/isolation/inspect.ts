import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks since boot at which it started. */
  readonly startedAt: string;
}

/** The identity of a running process, or undefined when there is none (a zombie counts as none). */
export function identifyProcess(pid: number): ProcessId | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The command's name may hold anything, brackets too: fields are counted from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startedAt = fields[19];
  return startedAt === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : { pid, startedAt };
}

/** True while exactly that process runs. */
export function isRunning(process: ProcessId): boolean {
  return identifyProcess(process.pid)?.startedAt === process.startedAt;
}

/** SIGKILL to exactly that process; false when it is gone already. */
export function killProcess(target: ProcessId): boolean {
  if (!isRunning(target)) return false;
  try {
    process.kill(target.pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

/** The processes from `first` down to the parent of `pid`; just `first` where `pid` is not below it. */
export function ancestorsOf(pid: number, first: number): number[] {
  const found: number[] = [];
  for (let at = parentOf(pid); at !== undefined && at !== first && found.length < 8; at = parentOf(at))
    found.unshift(at);
  return [first, ...(parentOf(found[0] ?? pid) === first ? found : [])];
}

function parentOf(pid: number): number | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  const parent = Number(stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
  return parent > 1 ? parent : undefined;
}

export function childrenOf(pid: number): number[] {
  const text = readText(`/proc/${pid}/task/${pid}/children`) ?? '';
  return text.split(' ').filter(Boolean).map(Number);
}

/** What the kernel says about a process, in the words of /proc/PID/status. */
export interface ProcessStatus {
  readonly seccomp: string;
  readonly noNewPrivs: string;
  readonly capEff: string;
  readonly capBnd: string;
  /** Real, effective, saved and file-system uid as this process sees them. */
  readonly uids: readonly number[];
}

export function readProcessStatus(pid: number | 'self'): ProcessStatus | undefined {
  const text = readText(`/proc/${pid}/status`);
  if (text === undefined) return undefined;
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
  return {
    seccomp: field('Seccomp'),
    noNewPrivs: field('NoNewPrivs'),
    capEff: field('CapEff'),
    capBnd: field('CapBnd'),
    uids: field('Uid').split(/\s+/).map(Number),
  };
}

export const ZONE_NAMESPACES = ['user', 'net', 'pid', 'ipc', 'uts', 'mnt', 'cgroup'] as const;

/** Namespaces that a process shares with us; a zone must share none. An unreadable one counts as shared. */
export function sharedNamespaces(pid: number): string[] {
  return ZONE_NAMESPACES.filter((name) => {
    const theirs = readLink(`/proc/${pid}/ns/${name}`);
    return theirs === undefined || theirs === readLink(`/proc/self/ns/${name}`);
  });
}

export function executableOf(pid: number): string | undefined {
  return readLink(`/proc/${pid}/exe`);
}

/**
 * Every process whose environment at its start held `marker`, or that and more after a dot (the throw-away zones in which
 * a zone's wall is tried); those we may not look into are not ours.
 */
export function findByEnvironment(marker: string): ProcessId[] {
  const found: ProcessId[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const environment = readText(`/proc/${name}/environ`);
    const isMarked = environment?.split('\0').some((entry) => entry === marker || entry.startsWith(`${marker}.`));
    if (isMarked !== true) continue;
    const identity = identifyProcess(Number(name));
    if (identity !== undefined) found.push(identity);
  }
  return found;
}

/** Every process in the control groups of that name, whoever made them: a Docker engine makes those of its containers. */
export function findByGroup(name: string): ProcessId[] {
  return findInGroups([`/${name}/`, `/${name}.slice/`]);
}

/** Every process of one zone and of the probes in its place, by the groups that a driver made for them. */
export function findByZone(instance: string, zone: string): ProcessId[] {
  const slice = `/hardshell-${instance}-${zone.replaceAll('-', '_')}`;
  const group = `/hardshell-${instance}/${zone}`;
  return findInGroups([group, slice].flatMap((path) => [`${path}/`, `${path}\n`, `${path}.`]));
}

function findInGroups(parts: readonly string[]): ProcessId[] {
  const found: ProcessId[] = [];
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const groups = readText(`/proc/${pid}/cgroup`);
    if (groups === undefined || !parts.some((part) => groups.includes(part))) continue;
    const identity = identifyProcess(Number(pid));
    if (identity !== undefined) found.push(identity);
  }
  return found;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
