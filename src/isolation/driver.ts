import type { Socket } from 'node:net';
import type { Mount } from './bwrap-args.ts';
import type { ZoneLimits } from './cgroup.ts';
import type { ProcessId } from './inspect.ts';
import type { FilterOptions } from './seccomp.ts';

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
  /** Arguments of Node: its flags, then the packed file. */
  readonly nodeArguments: readonly string[];
  /** False where the zone is the host's root: it then gets no /proc. */
  readonly proc: boolean;
  readonly sockets: FilterOptions['sockets'];
  readonly watch: boolean;
  readonly limits: ZoneLimits;
  /** A connected socket that the zone finds as descriptor 3. Ours is closed once the zone has its own. */
  readonly descriptor?: Socket;
  /** What the zone writes to its standard streams: hostile, and always drained. */
  readonly onOutput?: (stream: 'out' | 'err', chunk: Buffer) => void;
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

/** One way to build a wall. `exec` into a running zone comes with the zones that allow it. */
export interface ZoneDriver {
  readonly kind: 'bubblewrap';
  /** F: root, an own uid a zone. U: an ordinary user, one uid for all. */
  readonly mode: 'F' | 'U';
  /** Limits that the kernel holds for a zone on this machine. */
  readonly limitsHeld: readonly ('memory' | 'pids' | 'cpu')[];
  readonly degraded: readonly string[];
  readonly cgroupPaths: readonly string[];
  /** Tries the wall with a program that does nothing; as another uid where root will start zones as others. */
  readonly probe: (as?: { readonly uid: number; readonly gid: number }) => Promise<ProbeResult>;
  /**
   * Starts a zone, limited from its first instruction and checked from outside before this resolves.
   * Throws `isolation_failed` when any check fails; nothing of the zone runs then.
   */
  readonly create: (spec: ZoneSpec) => Promise<Zone>;
  /** Stops every zone and removes what the driver made. */
  readonly destroy: () => Promise<void>;
}
