import { readFileSync } from 'node:fs';
import {
  executableOf,
  identifyProcess,
  isRunning,
  readProcessStatus,
  sharedNamespaces,
} from '../../isolation/index.ts';

/** A zone's program as the kernel sees it from outside. */
export interface ZoneProcess {
  readonly pid: number;
  readonly program: string;
  /** Letter of its state, such as `S`. */
  readonly state: string;
  readonly umask: string;
  readonly uid: number;
  readonly shared: readonly string[];
  readonly seccomp: string;
  readonly noNewPrivs: string;
  readonly capEff: string;
  /** Network interfaces in its namespace; null when they cannot be read. */
  readonly interfaces: readonly string[] | null;
  /** Routes that lead out of its namespace; null when they cannot be read. */
  readonly routes: number | null;
}

const DEPTH_MAX = 4;

/**
 * The program below a zone's first process: the sandbox starts a first process inside, and that starts the program. Null
 * where there is none, and where it ended while it was looked at: half an answer would be a wrong one.
 */
export function inspectZone(first: number): ZoneProcess | null {
  let pid = first;
  for (let depth = 0; depth < DEPTH_MAX; depth++) {
    const [child] = childrenOf(pid);
    if (child === undefined) break;
    pid = child;
  }
  const identity = pid === first ? undefined : identifyProcess(pid);
  const program = executableOf(pid);
  // The sandbox itself, of which the program is gone or not there yet.
  if (identity === undefined || program === undefined || program.endsWith('/bwrap')) return null;
  const seen = lookAtProcess(pid, program);
  return isRunning(identity) ? seen : null;
}

function lookAtProcess(pid: number, program: string): ZoneProcess | null {
  const status = readProcessStatus(pid);
  const text = readText(`/proc/${pid}/status`);
  if (status === undefined || text === null) return null;
  const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(text)?.[1] ?? '';
  return {
    pid,
    program,
    state: field('State'),
    umask: field('Umask'),
    uid: status.uids[0] ?? -1,
    shared: sharedNamespaces(pid),
    seccomp: status.seccomp,
    noNewPrivs: status.noNewPrivs,
    capEff: status.capEff,
    interfaces: readInterfaces(pid),
    routes: countRoutes(pid),
  };
}

function childrenOf(pid: number): number[] {
  return (readText(`/proc/${pid}/task/${pid}/children`) ?? '').split(' ').filter(Boolean).map(Number);
}

function readInterfaces(pid: number): string[] | null {
  const text = readText(`/proc/${pid}/net/dev`);
  if (text === null) return null;
  return text
    .split('\n')
    .slice(2)
    .flatMap((line) => /^\s*([^:]+):/.exec(line)?.[1] ?? []);
}

/** IPv4 below a line of titles; IPv6 without one. Routes over `lo` lead nowhere. */
function countRoutes(pid: number): number | null {
  const four = readText(`/proc/${pid}/net/route`);
  const six = readText(`/proc/${pid}/net/ipv6_route`) ?? '';
  if (four === null) return null;
  const lines = [
    ...four
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t')[0]),
    ...six.split('\n').map((line) => line.trim().split(/\s+/).at(-1)),
  ];
  return lines.filter((name) => name !== undefined && name !== '' && name !== 'lo').length;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
