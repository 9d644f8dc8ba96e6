import type { Socket } from 'node:net';
import type { IsolationMode } from '../contracts/index.ts';
import type { Mount } from './bwrap-args.ts';
import type { ZoneLimits } from './cgroup.ts';
import type { ProcessId } from './inspect.ts';
import type { FilterOptions } from './seccomp.ts';

/** What runs in a zone. Paths are those inside. */
export type ZoneProgram =
  /** Arguments of Node: its flags, then the packed file. */
  | { readonly kind: 'node'; readonly arguments: readonly string[] }
  /** Any other program: an agent of the owner's, or an attempt of the escape list. */
  | { readonly kind: 'command'; readonly path: string; readonly arguments: readonly string[] };

/** What a zone is, whatever wall a driver builds around it. */
export interface ZoneSpec {
  /** The zone's name, also of its cgroup: letters, digits, dot, dash and underscore. */
  readonly name: string;
  /** Host uid and gid; undefined keeps ours (an ordinary user has no others). */
  readonly uid?: number;
  readonly gid?: number;
  readonly mounts: readonly Mount[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly program: ZoneProgram;
  /** `builtin`: Node and its libraries, threads only. `agent`: a chosen root, and programs that start programs. */
  readonly profile: 'builtin' | 'agent';
  /** Docker only: the id (`sha256:…`) of an image that the engine has, and whose root it is. Absent: the image of ours. */
  readonly image?: string;
  /** `host`: only for the egress process, the one way out. */
  readonly network: 'none' | 'host';
  /** False where the zone is the host's root: it then gets no /proc. */
  readonly proc: boolean;
  readonly sockets: FilterOptions['sockets'];
  readonly watch: boolean;
  readonly limits: ZoneLimits;
  /** The zone gets a terminal made for it, between the one we were started on and its programs. */
  readonly ownTerminal?: boolean;
  /** The zone reads our standard input, which must be no terminal. Otherwise it has none. */
  readonly passInput?: boolean;
  /** Size of /dev/shm, which only an agent's programs have. */
  readonly sharedMemoryBytesMax?: number;
  /**
   * The one socket that the zone connects to. A wall that cannot keep a zone from other sockets opens none for it:
   * it connects in the zone's place, gives it that connection as descriptor 3 and says so in `HARDSHELL_FD`.
   */
  readonly bridge?: string;
  /** A connected socket that the zone finds as descriptor 3. Ours is closed once the zone has its own. */
  readonly descriptor?: Socket;
  /** What the zone writes to its standard streams: hostile. Nothing more is read while a promise that it gave is open. */
  readonly onOutput?: (stream: 'out' | 'err', chunk: Buffer) => unknown;
}

/** How a zone ended. `tampered`: it made a call that no honest program makes, and the kernel ended it. */
export type ZoneExit =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly outOfMemory: boolean }
  | { readonly kind: 'tampered' }
  | { readonly kind: 'probe_failed' };

export interface Zone {
  readonly name: string;
  /** The wall's own process and the first process inside; both are gone when the zone is. */
  readonly processes: readonly ProcessId[];
  readonly cgroupPaths: readonly string[];
  readonly startedAtMs: number;
  /** Settles once every process of the zone is gone. Never rejects. */
  readonly exited: Promise<ZoneExit>;
  /** SIGKILL to all of it; resolves when nothing of it runs. Safe to call twice. */
  readonly stop: () => Promise<void>;
}

export type ProbeResult =
  | { readonly ok: true; readonly degraded: readonly string[] }
  /** `remedy`: the sentence that tells what to do. */
  | { readonly ok: false; readonly reason: string; readonly remedy: string };

/** A program that ran to its end behind a wall, and what it wrote: hostile, and cut to what was allowed. */
export interface Executed {
  readonly exit: ZoneExit;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

export interface ExecOptions {
  readonly timeoutMs: number;
  /** Of each stream; what comes after is dropped. */
  readonly outputBytesMax: number;
}

/** How zones are that find things where the host has them. */
export interface HostView {
  /** Where a zone of that spec finds what its table calls `inside`. */
  readonly placeOf: (inside: string, spec: Pick<ZoneSpec, 'name' | 'mounts'>) => string;
  /** Sockets that such a zone may open itself. */
  readonly socketsOf: (spec: Pick<ZoneSpec, 'sockets' | 'bridge'>) => ZoneSpec['sockets'];
  /** Signals and abstract sockets do not leave the zone. */
  readonly scopes: boolean;
}

/** One way to build a wall. */
export interface ZoneDriver {
  readonly kind: 'bubblewrap' | 'docker' | 'orbstack' | 'landlock';
  readonly mode: IsolationMode;
  /** Each zone can have a uid that no other process has. */
  readonly ownUids: boolean;
  /** Limits that the kernel holds for a zone on this machine. */
  readonly limitsHeld: readonly ('memory' | 'pids' | 'cpu')[];
  readonly degraded: readonly string[];
  readonly cgroupPaths: readonly string[];
  /** Only where zones have no file view of their own. */
  readonly hostView?: HostView;
  /** Tries the wall with a program that does nothing. */
  readonly probe: () => Promise<ProbeResult>;
  /**
   * Starts a zone, limited from its first instruction and checked from outside before this resolves.
   * Throws `isolation_failed` when any check fails; nothing of the zone runs then.
   */
  readonly create: (spec: ZoneSpec) => Promise<Zone>;
  /**
   * Runs a program to its end behind the wall that `spec` asks for, and gives what it wrote. It is not checked from
   * outside: for short programs of ours, such as an attempt of the escape list.
   */
  readonly exec: (spec: ZoneSpec, options: ExecOptions) => Promise<Executed>;
  /** Stops every zone and removes what the driver made. */
  readonly destroy: () => Promise<void>;
}
