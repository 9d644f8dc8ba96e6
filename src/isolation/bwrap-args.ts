import { dirname } from 'node:path';

/** A path of the host shown to a zone. `tmp` is an empty, size-bounded directory in memory. */
export type Mount =
  | { readonly kind: 'read'; readonly from: string; readonly to: string }
  | { readonly kind: 'write'; readonly from: string; readonly to: string }
  | { readonly kind: 'tmp'; readonly to: string; readonly bytesMax: number };

/** Everything a zone may see; what is not listed does not exist in it. */
export interface ZoneView {
  /** Host uid and gid that bubblewrap is started with; the same numbers stand inside. */
  readonly uid: number;
  readonly gid: number;
  readonly node: string;
  /** Shared libraries: where the loader looks, and the real file. */
  readonly libraries: readonly { readonly path: string; readonly real: string }[];
  readonly mounts: readonly Mount[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly network: 'none' | 'host';
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
  const files: Mount[] = [
    { kind: 'read', from: view.node, to: ZONE_NODE },
    ...view.libraries.map(({ path, real }): Mount => ({ kind: 'read', from: real, to: path })),
    ...view.mounts,
  ];
  return [
    ...['--json-status-fd', String(BWRAP_FD.status), '--block-fd', String(BWRAP_FD.block)],
    ...['--unshare-user', '--uid', String(view.uid), '--gid', String(view.gid), '--disable-userns'],
    ...(view.network === 'none' ? ['--unshare-net'] : []),
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup'],
    ...['--hostname', 'zone', '--die-with-parent', '--new-session', '--clearenv', '--cap-drop', 'ALL'],
    ...directories(files),
    ...files.flatMap(mountArguments),
    ...(view.proc ? ['--proc', '/proc'] : []),
    // Without the remount /dev and /dev/shm are a writable tmpfs of unbounded size.
    ...['--dev', '/dev', '--remount-ro', '/dev', '--chdir', view.cwd],
    ...Object.entries(view.env).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--remount-ro', '/', '--seccomp', String(BWRAP_FD.seccomp)],
  ];
}

function mountArguments(mount: Mount): string[] {
  switch (mount.kind) {
    case 'read':
      return ['--ro-bind', mount.from, mount.to];
    case 'write':
      return ['--bind', mount.from, mount.to];
    case 'tmp':
      return ['--size', String(mount.bytesMax), '--perms', '0700', '--tmpfs', mount.to];
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
