import type { IsolationMode } from '../../contracts/index.ts';
import type { ZoneDriver, ZoneSpec } from '../driver.ts';
import type { SyscallArch } from '../syscalls.ts';
import type { Answers } from './program.ts';
import { errnoName } from './errno.ts';
import { ANSWER, type Step } from './steps.ts';

export const THEMES = [
  'network',
  'sockets',
  'memory shared with the host',
  'files',
  'processes',
  'doors of the kernel',
  'mounts',
  'namespaces',
  'the kernel itself',
  'privileges',
  'devices',
  'other system call tables',
  'what was left open',
  'limits',
] as const;
export type Theme = (typeof THEMES)[number];

/** What of a wall holds an attempt; `modes.ts` says which mode has which. */
export type Defence =
  | 'filter'
  | 'network namespace'
  | 'process namespace'
  | 'ipc namespace'
  | 'host name'
  | 'file view'
  | 'no privileges'
  | 'clean descriptors'
  | 'own session'
  /** Of Landlock: no abstract socket and no signal to whom is not behind the same wall. */
  | 'scopes'
  | 'tmp bound'
  | 'memory limit'
  | 'task limit'
  | 'cpu limit';

/** What the wall is that an attempt ran behind. */
export interface WallFacts {
  readonly driver: ZoneDriver['kind'];
  readonly mode: IsolationMode;
  readonly profile: ZoneSpec['profile'];
  readonly network: ZoneSpec['network'];
  readonly sockets: ZoneSpec['sockets'];
  readonly watch: boolean;
  readonly limitsHeld: ZoneDriver['limitsHeld'];
  /** The kernel's Landlock keeps signals and abstract sockets in; undefined where the wall is another. */
  readonly scopes?: boolean;
}

/** What the prober made outside, as an attempt finds it: behind the wall, or (its twin) outside. */
export interface Staged {
  readonly arch: SyscallArch;
  /** False for the twin. What would hurt a machine is then asked so that the kernel itself refuses it. */
  readonly inside: boolean;
  /** Listeners of the prober on the host's loopback; a datagram is answered. */
  readonly tcp4: number;
  readonly tcp6: number;
  readonly udp4: number;
  readonly udp6: number;
  readonly abstractName: string;
  /** A world-readable file of the host, and a socket there. */
  readonly canary: string;
  readonly hostSocket: string;
  readonly otherZoneSocket: string;
  /** A directory with `zone.sock`, the file `spare` and the directory `inner`: read-only behind a wall. */
  readonly socketDirectory: string;
  /** Key of a shared memory segment, a message queue and a semaphore of the host. */
  readonly ipcKey: number;
  /** The prober, and a process of its own that does nothing. */
  readonly hostPid: number;
  readonly victimPid: number;
  /** Whom one would take over: the first process of the zone; outside the victim. */
  readonly neighbourPid: number;
  readonly hostName: string;
  readonly homes: readonly string[];
  readonly resolvers: readonly string[];
  readonly disks: readonly string[];
  readonly cgroupFiles: readonly string[];
  /** In the place of a root of its own, where it has none: a directory that it may list. */
  readonly root?: string;
  /** Where it may write: its `/tmp`; undefined where a zone has none. */
  readonly writable: string | undefined;
  /** What it is shown and may not change; outside a directory and a file of the stage that may be changed. */
  readonly shown: readonly { readonly path: string; readonly kind: 'file' | 'directory' }[];
  /** A tiny program that exits with 42. */
  readonly exitProgram: Buffer;
}

export const EXIT_OF_EXIT_PROGRAM = 42;

/** What an attempt came to. `raw`: an error's name, a number, or words of ours; never text from behind the wall. */
export type Reading =
  | { readonly kind: 'held'; readonly raw: string }
  | { readonly kind: 'open'; readonly raw: string }
  | { readonly kind: 'cannot_tell'; readonly raw: string };

/** How a wall that stands answers: ends the zone, refuses, has no such thing, or stops it at a limit. */
export type Expected = 'killed' | 'refused' | 'absent' | 'bounded';

export interface Attempt {
  readonly id: string;
  readonly theme: Theme;
  /** What it tries, as "a zone …". */
  readonly title: string;
  /** Its numbers in the list of 42 that the design was tested with. */
  readonly rows?: readonly number[];
  readonly steps: (at: Staged) => readonly Step[];
  /** Undefined: `answer` decides; not negative is open. */
  readonly read?: (answers: Answers, at: Staged) => Reading;
  /** Any of them is enough. */
  readonly heldBy: readonly Defence[];
  readonly builtin: Expected;
  /** In the profile `agent`; undefined: as `builtin`, but refused where that is `killed`. */
  readonly agent?: Expected | { readonly allowed: string };
  /** Why this zone is meant to be able to; undefined: it is not. */
  readonly onPurpose?: (wall: WallFacts) => string | undefined;
  /** Why this wall cannot hold it though every wall should; undefined: it can. */
  readonly lost?: (wall: WallFacts) => string | undefined;
  /** What shows that the call arrives where there is no wall: it works there, or at least comes back. */
  readonly twin: 'works' | 'works for root' | 'comes back';
  readonly arch?: SyscallArch;
  /** Of those that end a zone, the ones that every start tries: one for each rule of the filter, and some of its list. */
  readonly atStart?: true;
  /** Runs in a zone of its own, with these limits in place of the zone's. */
  readonly alone?: { readonly memoryBytesMax?: number; readonly tasksMax?: number; readonly cpus?: number };
  /** Too slow for a start. */
  readonly scope?: 'full';
}

export const held = (raw: string): Reading => ({ kind: 'held', raw });
export const open = (raw: string): Reading => ({ kind: 'open', raw });
export const cannotTell = (raw: string): Reading => ({ kind: 'cannot_tell', raw });

/** The reading of an attempt's answers. */
export function readAttempt(attempt: Attempt, answers: Answers, at: Staged): Reading {
  return (attempt.read ?? readAnswer)(answers, at);
}

/** A negative answer is an error of the kernel: held. */
export function readAnswer(answers: Answers): Reading {
  const answer = answers.number(ANSWER);
  if (answer === undefined) return cannotTell('it did not come to an answer');
  return answer < 0 ? held(errnoName(-answer)) : open(`answered ${answer}`);
}

/** Errors by which a wall, or a kernel without the call, refuses the call itself. */
const NOT_LET_IN = new Set(['EPERM', 'EACCES', 'ENOSYS', 'EAFNOSUPPORT']);

/**
 * For what is asked so that the kernel itself refuses it: a complaint about the arguments means that the call arrived,
 * and with better ones would have done what it does.
 */
export function readArrival(answers: Answers): Reading {
  const reading = readAnswer(answers);
  return reading.kind === 'held' && !NOT_LET_IN.has(reading.raw) ? open(`it arrived (${reading.raw})`) : reading;
}

/** What a wall that stands answers in a profile; `allowed`: nothing it would have to hold. */
export function expectedIn(attempt: Attempt, profile: WallFacts['profile']): Expected | 'allowed' {
  if (profile === 'builtin') return attempt.builtin;
  if (typeof attempt.agent === 'object') return 'allowed';
  return attempt.agent ?? (attempt.builtin === 'killed' ? 'refused' : attempt.builtin);
}
