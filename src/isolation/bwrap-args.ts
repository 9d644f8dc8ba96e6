import { dirname } from 'node:path';
import { stepDownCapabilities } from './find-wall.ts';

/** A path of the host shown to a zone. `tmp` is an empty, size-bounded directory in memory. */
export type Mount =
  | { readonly kind: 'read'; readonly from: string; readonly to: string }
  | { readonly kind: 'write'; readonly from: string; readonly to: string }
  | { readonly kind: 'tmp'; readonly to: string; readonly bytesMax: number }
  | { readonly kind: 'link'; readonly target: string; readonly to: string };

/** Everything a zone may see; what is not listed does not exist in it. */
export interface ZoneView {
  /** Host uid and gid that bubblewrap is started with; the same numbers stand inside. */
  readonly uid: number;
  readonly gid: number;
  /** Programs and libraries that every zone of this kind has: where they lie, and where the zone finds them. */
  readonly files: readonly { readonly from: string; readonly to: string }[];
  readonly mounts: readonly Mount[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly network: 'none' | 'host';
  /** False in mode R: bubblewrap stays root, and the program steps down by itself. */
  readonly userNamespace: boolean;
  /** An agent's programs share memory by /dev/shm, in memory of this size; others have none. */
  readonly sharedMemoryBytesMax?: number;
  /**
   * True where the program is the first process of its namespace: nothing stands in front of it whose memory it could
   * take over. False where programs start programs: somebody has to reap what they leave.
   */
  readonly isFirst: boolean;
  /** True where the zone's terminal is one made for it: it then keeps it as its controlling one. */
  readonly ownTerminal: boolean;
  /**
   * False for a process that is the host's root (a checkout run by root): files of /proc/sys yield to uid 0 without any
   * capability, so it gets no /proc at all.
   */
  readonly proc: boolean;
}

/** Where the zone finds its Node. */
export const ZONE_NODE = '/usr/bin/node';
/** Descriptors of bubblewrap itself; a zone's own descriptor is 3. */
export const BWRAP_FD = { zone: 3, status: 4, block: 5, args: 8, seccomp: 9 } as const;

/** The arguments that bubblewrap reads from descriptor 8, so that no process list shows host paths. */
export function bwrapArguments(view: ZoneView): string[] {
  const files: Mount[] = [...view.files.map((file): Mount => ({ kind: 'read', ...file })), ...view.mounts];
  return [
    ...['--json-status-fd', String(BWRAP_FD.status), '--block-fd', String(BWRAP_FD.block)],
    ...identity(view),
    ...(view.network === 'none' ? ['--unshare-net'] : []),
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup'],
    ...['--hostname', 'zone', '--die-with-parent', '--clearenv'],
    ...(view.isFirst ? ['--as-pid-1'] : []),
    ...(view.ownTerminal ? [] : ['--new-session']),
    ...directories(files),
    ...files.flatMap((mount) => mountArguments(mount, view.userNamespace)),
    ...(view.proc ? ['--proc', '/proc'] : []),
    ...devices(view),
    ...['--chdir', view.cwd],
    ...Object.entries(view.env).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--remount-ro', '/', '--seccomp', String(BWRAP_FD.seccomp)],
  ];
}

function identity({ uid, gid, userNamespace }: ZoneView): string[] {
  if (!userNamespace) return ['--cap-drop', 'ALL', ...stepDownCapabilities()];
  return ['--unshare-user', '--uid', String(uid), '--gid', String(gid), '--disable-userns', '--cap-drop', 'ALL'];
}

/** Without the remount /dev and /dev/shm are a writable tmpfs of unbounded size. */
function devices({ sharedMemoryBytesMax: bytesMax }: ZoneView): string[] {
  const shared = bytesMax === undefined ? [] : ['--size', String(bytesMax), '--perms', '1777', '--tmpfs', '/dev/shm'];
  return ['--dev', '/dev', ...shared, '--remount-ro', '/dev'];
}

function mountArguments(mount: Mount, userNamespace: boolean): string[] {
  switch (mount.kind) {
    case 'read':
      return ['--ro-bind', mount.from, mount.to];
    case 'write':
      return ['--bind', mount.from, mount.to];
    case 'tmp':
      // Made by root in mode R, and to be written by the uid that the program steps down to.
      return ['--size', String(mount.bytesMax), '--perms', userNamespace ? '0700' : '1777', '--tmpfs', mount.to];
    case 'link':
      return ['--symlink', mount.target, mount.to];
    default:
      return mount satisfies never;
  }
}

/** Every parent, made 0755 by name: bubblewrap makes implicit ones 0700, which would leave them to chance. */
function directories(mounts: readonly Mount[]): string[] {
  const parents = new Set<string>();
  for (const mount of mounts) {
    const chain: string[] = [];
    for (let at = dirname(mount.to); at !== '/' && at !== '.'; at = dirname(at)) chain.unshift(at);
    // A directory inside another mount belongs to that mount and is not ours to make.
    for (const at of chain)
      if (!mounts.some((other) => at === other.to || at.startsWith(`${other.to}/`))) parents.add(at);
  }
  return [...parents].flatMap((path) => ['--perms', '0755', '--dir', path]);
}
