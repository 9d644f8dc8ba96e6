import { realpathSync, statSync } from 'node:fs';
import { ZONE_NODE, type Mount } from '../bwrap-args.ts';
import type { ZoneSpec } from '../driver.ts';
import type { SyscallArch } from '../syscalls.ts';
import { refused } from './failures.ts';
import { seccompProfile } from './seccomp-profile.ts';

/** What the engine is asked for: the fields of its own API, all of them set by us. */
export interface ContainerRequest {
  readonly Image: string;
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly WorkingDir: string;
  readonly Hostname: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Tty: false;
  readonly OpenStdin: boolean;
  readonly StdinOnce: boolean;
  readonly AttachStdin: boolean;
  readonly AttachStdout: true;
  readonly AttachStderr: true;
  readonly HostConfig: HostRequest;
}

export interface HostRequest {
  readonly NetworkMode: 'none';
  readonly ReadonlyRootfs: true;
  readonly Privileged: false;
  readonly CapDrop: readonly string[];
  readonly SecurityOpt: readonly string[];
  readonly IpcMode: 'none';
  readonly CgroupnsMode: 'private';
  readonly CgroupParent: string;
  /** Empty: a namespace of its own. */
  readonly PidMode: '';
  readonly UTSMode: '';
  /** See `docs/docker.md`: a remapped uid could not open its own socket. */
  readonly UsernsMode: '' | 'host';
  readonly Memory: number;
  readonly MemorySwap: number;
  readonly OomKillDisable: false;
  readonly CpuPeriod: number;
  readonly CpuQuota: number;
  readonly PidsLimit: number;
  readonly Ulimits: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[];
  readonly LogConfig: { readonly Type: 'none' };
  readonly RestartPolicy: { readonly Name: 'no' };
  readonly AutoRemove: false;
  readonly Init: false;
  readonly MaskedPaths: readonly string[];
  readonly ReadonlyPaths: readonly string[];
  readonly Tmpfs: Readonly<Record<string, string>>;
  readonly Mounts: readonly BindRequest[];
}

export interface BindRequest {
  readonly Type: 'bind';
  readonly Source: string;
  readonly Target: string;
  readonly ReadOnly: boolean;
  readonly BindOptions: { readonly Propagation: 'rprivate'; readonly NonRecursive: true };
}

export interface Asking {
  readonly spec: ZoneSpec;
  readonly ids: { readonly uid: number; readonly gid: number };
  readonly image: string;
  readonly instance: string;
  readonly arch: SyscallArch;
  readonly engineSocket: string;
  readonly remaps: boolean;
  /** Below which group the engine makes the container's: one name for the whole instance, so that a stop finds it. */
  readonly cgroupParent: string;
}

export const LABEL = { instance: 'hardshell.instance', zone: 'hardshell.zone' } as const;
/** The secure template's; a zone that asks for more tasks gets these. */
export const TASKS_MAX = 100;
const CPU_PERIOD_US = 100_000;
const OPEN_FILES_MAX = 1_024;
/** What the engine hides by itself, and what it would show or lend that nothing in a zone needs. */
const MASKED = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/dev/mqueue',
  '/sys',
  '/etc',
];
const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];
/** Places of the host that no zone is shown, whatever a specification says. */
const FORBIDDEN = [
  '/',
  '/proc',
  '/sys',
  '/dev',
  '/run',
  '/etc',
  '/root',
  '/home',
  '/boot',
  '/tmp',
  '/usr',
  '/var',
  '/opt',
];

/** The hardened container of one zone. Pure but for looking at what a mount's path leads to. Throws a refusal. */
export function containerRequest(asking: Asking): ContainerRequest {
  const { spec, ids } = asking;
  requireFitting(spec, ids);
  const relayed = spec.descriptor !== undefined;
  return {
    Image: asking.image,
    User: `${ids.uid}:${ids.gid}`,
    // A bare name takes a variable away: the engine would add these two.
    Env: [...Object.entries(spec.env).map(([name, value]) => `${name}=${value}`), ...unsetOf(spec.env)],
    Entrypoint: [spec.program.kind === 'node' ? ZONE_NODE : spec.program.path],
    Cmd: spec.program.arguments,
    WorkingDir: spec.cwd,
    Hostname: 'zone',
    Labels: { [LABEL.instance]: asking.instance, [LABEL.zone]: spec.name },
    Tty: false,
    OpenStdin: relayed,
    StdinOnce: relayed,
    AttachStdin: relayed,
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: hostRequest(asking),
  };
}

function hostRequest({ spec, ids, arch, engineSocket, remaps, cgroupParent }: Asking): HostRequest {
  const { memoryBytesMax, tasksMax, cpus } = spec.limits;
  const profile = JSON.stringify(seccompProfile({ arch, sockets: spec.sockets, watch: spec.watch }));
  const tmpfs = spec.mounts.flatMap((mount) =>
    mount.kind === 'tmp'
      ? [[mount.to, `rw,noexec,nosuid,nodev,size=${mount.bytesMax},mode=0700,uid=${ids.uid},gid=${ids.gid}`] as const]
      : [],
  );
  return {
    NetworkMode: 'none',
    ReadonlyRootfs: true,
    Privileged: false,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges', `seccomp=${profile}`],
    IpcMode: 'none',
    CgroupnsMode: 'private',
    CgroupParent: cgroupParent,
    PidMode: '',
    UTSMode: '',
    UsernsMode: remaps ? 'host' : '',
    Memory: memoryBytesMax,
    // Memory and swap together: none of it is swap.
    MemorySwap: memoryBytesMax,
    OomKillDisable: false,
    CpuPeriod: CPU_PERIOD_US,
    CpuQuota: Math.max(1_000, Math.round(cpus * CPU_PERIOD_US)),
    PidsLimit: Math.min(tasksMax, TASKS_MAX),
    Ulimits: [
      { Name: 'nofile', Soft: OPEN_FILES_MAX, Hard: OPEN_FILES_MAX },
      { Name: 'core', Soft: 0, Hard: 0 },
    ],
    LogConfig: { Type: 'none' },
    RestartPolicy: { Name: 'no' },
    AutoRemove: false,
    Init: false,
    MaskedPaths: MASKED,
    ReadonlyPaths: READ_ONLY,
    Tmpfs: Object.fromEntries(tmpfs),
    Mounts: spec.mounts.flatMap((mount) =>
      mount.kind === 'tmp' || mount.kind === 'link' ? [] : [bindOf(mount, engineSocket)],
    ),
  };
}

function requireFitting(spec: ZoneSpec, ids: Asking['ids']): void {
  if (!/^[A-Za-z0-9_.-]{1,128}$/.test(spec.name))
    throw refused('a zone has a name that the Docker engine does not take');
  if (spec.profile === 'agent' || spec.mounts.some(({ kind }) => kind === 'link'))
    throw refused(
      `\`${spec.name}\` runs programs of the owner's; the docker driver holds built-in zones, use bubblewrap for it`,
    );
  if (ids.uid === 0 || ids.gid === 0)
    throw refused(`\`${spec.name}\` would be root in its container; a zone of the docker driver has an own uid`);
  if (spec.network !== 'none' || spec.sockets === 'internet')
    throw refused(`\`${spec.name}\` needs a network; the docker driver gives none, use bubblewrap for it`);
  const wrong = Object.entries(spec.env).find(
    ([name, value]) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || value.includes('\0'),
  );
  if (wrong !== undefined) throw refused(`\`${spec.name}\` has a variable that no environment can hold`);
}

const SET_BY_ENGINE = ['PATH', 'HOSTNAME'];

function unsetOf(env: Readonly<Record<string, string>>): string[] {
  return SET_BY_ENGINE.filter((name) => env[name] === undefined);
}

/**
 * INVARIANT: no zone is shown the engine's own socket, a bare socket or a whole tree of the host: each would be the
 * host. The path is resolved here, so that a link cannot lead the engine elsewhere than what was looked at.
 */
function bindOf(mount: Extract<Mount, { readonly kind: 'read' | 'write' }>, engineSocket: string): BindRequest {
  const source = resolve(mount.from);
  const engine = resolve(engineSocket);
  const kind = statSync(source);
  if (FORBIDDEN.includes(source) || `${engine}/`.startsWith(`${source}/`))
    throw refused(`\`${mount.from}\` would hand the machine to a zone; mount a directory of the zone's own`);
  if (!kind.isDirectory() && !kind.isFile())
    throw refused(`\`${mount.from}\` is neither a file nor a directory; mount the directory that holds a socket`);
  return {
    Type: 'bind',
    Source: source,
    Target: mount.to,
    ReadOnly: mount.kind === 'read',
    BindOptions: { Propagation: 'rprivate', NonRecursive: true },
  };
}

function resolve(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    throw refused(`\`${path}\` is not there to be mounted`);
  }
}
