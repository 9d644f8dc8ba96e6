import { ZONE_NODE } from '../bwrap-args.ts';
import type { ZoneSpec } from '../driver.ts';
import type { SyscallArch } from '../syscalls.ts';
import { bindOf, type BindRequest } from './binds.ts';
import type { ContainerImage } from './chosen-image.ts';
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
  readonly Tty: boolean;
  readonly OpenStdin: boolean;
  readonly StdinOnce: boolean;
  readonly AttachStdin: boolean;
  readonly AttachStdout: true;
  readonly AttachStderr: true;
  /** An image may name a program that the engine starts beside the zone's, again and again. */
  readonly Healthcheck: { readonly Test: readonly ['NONE'] };
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

export interface Asking {
  readonly spec: ZoneSpec;
  readonly ids: { readonly uid: number; readonly gid: number };
  readonly image: ContainerImage;
  readonly instance: string;
  readonly arch: SyscallArch;
  readonly engineSocket: string;
  readonly remaps: boolean;
  /** Below which group the engine makes the container's: one name for the whole instance, so that a stop finds it. */
  readonly cgroupParent: string;
}

export const LABEL = { instance: 'hardshell.instance', zone: 'hardshell.zone' } as const;
/** The secure template's; a zone that asks for more tasks gets these. */
const TASKS_MAX = { builtin: 100, agent: 256 } as const;
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
];
/** The engine's own files of names and resolvers; an image's `/etc` is its owner's choice. */
const MASKED_BUILTIN = [...MASKED, '/etc'];
const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];
/** The hardened container of one zone. Pure but for looking at what a mount's path leads to. Throws a refusal. */
export function containerRequest(asking: Asking): ContainerRequest {
  const { spec, ids, image } = asking;
  requireFitting(spec, ids);
  const hasInput = takesInput(spec);
  return {
    Image: image.id,
    User: `${ids.uid}:${ids.gid}`,
    // A bare name takes a variable away: the engine would add two of its own, and those of the image.
    Env: [
      ...Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
      ...[...new Set([...SET_BY_ENGINE, ...image.variables])].filter((name) => spec.env[name] === undefined),
    ],
    Entrypoint: [spec.program.kind === 'node' ? ZONE_NODE : spec.program.path],
    Cmd: spec.program.arguments,
    WorkingDir: spec.cwd,
    Hostname: 'zone',
    Labels: { ...image.labels, [LABEL.instance]: asking.instance, [LABEL.zone]: spec.name },
    Tty: spec.ownTerminal ?? false,
    OpenStdin: hasInput,
    StdinOnce: hasInput,
    AttachStdin: hasInput,
    AttachStdout: true,
    AttachStderr: true,
    Healthcheck: { Test: ['NONE'] },
    HostConfig: hostRequest(asking),
  };
}

export function takesInput(spec: ZoneSpec): boolean {
  return spec.descriptor !== undefined || spec.passInput === true || spec.ownTerminal === true;
}

function hostRequest({ spec, ids, arch, engineSocket, remaps, cgroupParent }: Asking): HostRequest {
  const { memoryBytesMax, tasksMax, cpus } = spec.limits;
  const { sockets, watch } = spec;
  const profile = JSON.stringify(seccompProfile({ arch, sockets, watch, profile: spec.profile }));
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
    PidsLimit: Math.min(tasksMax, TASKS_MAX[spec.profile]),
    Ulimits: [
      { Name: 'nofile', Soft: OPEN_FILES_MAX, Hard: OPEN_FILES_MAX },
      { Name: 'core', Soft: 0, Hard: 0 },
    ],
    LogConfig: { Type: 'none' },
    RestartPolicy: { Name: 'no' },
    AutoRemove: false,
    Init: false,
    MaskedPaths: spec.profile === 'agent' ? MASKED : MASKED_BUILTIN,
    ReadonlyPaths: READ_ONLY,
    Tmpfs: memoryFileSystems(spec, ids),
    Mounts: spec.mounts.flatMap((mount) =>
      mount.kind === 'tmp' || mount.kind === 'link' ? [] : [bindOf(mount, engineSocket)],
    ),
  };
}

/** An agent may run what it writes to its `/tmp`, as behind bubblewrap: programs that build programs do. */
function memoryFileSystems(spec: ZoneSpec, { uid, gid }: Asking['ids']): Record<string, string> {
  const { profile, sharedMemoryBytesMax: shared } = spec;
  const own = `${profile === 'agent' ? 'exec' : 'noexec'},nosuid,nodev`;
  const made = spec.mounts.flatMap((mount) =>
    mount.kind === 'tmp'
      ? [[mount.to, `rw,${own},size=${mount.bytesMax},mode=0700,uid=${uid},gid=${gid}`] as const]
      : [],
  );
  return {
    ...Object.fromEntries(made),
    ...(shared === undefined ? {} : { '/dev/shm': `rw,noexec,nosuid,nodev,size=${shared},mode=1777` }),
  };
}

function requireFitting(spec: ZoneSpec, ids: Asking['ids']): void {
  if (!/^[A-Za-z0-9_.-]{1,128}$/.test(spec.name))
    throw refused('a zone has a name that the Docker engine does not take');
  if ((spec.profile === 'agent') !== (spec.image !== undefined) || spec.mounts.some(({ kind }) => kind === 'link'))
    throw refused(
      `\`${spec.name}\` asks for a root that no container has: programs of the owner's run from an image of theirs, ours from ours`,
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
