import type { ProcessSpec, SandboxName } from './table.ts';

/** One option of a unit. A key may stand several times. */
export type Option = readonly [key: string, value: string];

/** What every unit of ours gets: none of it takes anything from a process that is honest. */
const COMMON: readonly Option[] = [
  ['NoNewPrivileges', 'yes'],
  ['ProtectSystem', 'strict'],
  ['ProtectHome', 'yes'],
  ['PrivateTmp', 'yes'],
  ['ProtectClock', 'yes'],
  ['ProtectKernelModules', 'yes'],
  ['LockPersonality', 'yes'],
  ['RestrictRealtime', 'yes'],
  ['RestrictSUIDSGID', 'yes'],
  ['RemoveIPC', 'yes'],
  ['KeyringMode', 'private'],
  ['SystemCallArchitectures', 'native'],
  ['UMask', '0077'],
  ['LimitCORE', '0'],
];

/** What bubblewrap needs left alone is missing here; see `BREAKS_WALLS`. */
const CLOSED: readonly Option[] = [
  ['PrivateDevices', 'yes'],
  ['DevicePolicy', 'closed'],
  ['ProtectHostname', 'yes'],
  ['ProtectKernelTunables', 'yes'],
  ['ProtectKernelLogs', 'yes'],
  ['ProtectControlGroups', 'yes'],
  ['ProtectProc', 'invisible'],
  ['ProcSubset', 'pid'],
  ['RestrictNamespaces', 'yes'],
];

/**
 * Options that a unit which builds walls cannot have, each with what breaks. Everything else stands.
 * INVARIANT: `walls` names none of them; a test compares.
 */
export const BREAKS_WALLS: ReadonlyMap<string, string> = new Map([
  ['ProtectKernelTunables', 'makes /proc/sys read-only: nested user namespaces cannot be forbidden, /proc not mounted'],
  ['ProtectKernelLogs', 'covers /proc/kmsg: a user namespace may then mount no /proc of its own'],
  ['ProtectProc', 'hides the processes of zones from the supervisor that has to check and stop them'],
  ['ProcSubset', 'takes /proc/sys away, where bubblewrap forbids nested user namespaces'],
  ['RestrictNamespaces', 'forbids the namespaces that walls are made of'],
  ['ProtectControlGroups', 'forbids the groups that hold the limits of zones'],
  ['ProtectHostname', 'forbids the host name that each zone gets'],
  ['PrivateUsers', 'leaves one uid, where each zone has its own'],
  ['PrivateNetwork', 'takes the loopback away on which a local model listens'],
  ['MemoryDenyWriteExecute', 'forbids the compiler inside Node'],
]);

/** What the supervisor does as root, and nothing beside: uids of zones, their directories, their end, a look at them. */
const WALL_CAPABILITIES = [
  'CAP_SETUID',
  'CAP_SETGID',
  'CAP_KILL',
  'CAP_CHOWN',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_DAC_OVERRIDE',
  'CAP_SYS_PTRACE',
].join(' ');

/** Groups of calls that nobody here makes. Mounts, namespaces and chroot stay: bubblewrap is built of them. */
const NEVER_CALLED = '@clock @cpu-emulation @debug @module @obsolete @raw-io @reboot @swap';

const SANDBOXES: Readonly<Record<SandboxName, readonly Option[]>> = {
  walls: [
    ['CapabilityBoundingSet', WALL_CAPABILITIES],
    ['AmbientCapabilities', ''],
    ['Delegate', 'yes'],
    ['PrivateMounts', 'yes'],
    ['PrivateDevices', 'yes'],
    ['DevicePolicy', 'closed'],
    ['RestrictAddressFamilies', 'AF_UNIX AF_INET AF_INET6 AF_NETLINK'],
    ['SystemCallFilter', `~${NEVER_CALLED}`],
    ['SystemCallErrorNumber', 'EPERM'],
  ],
  rules: [
    ...CLOSED,
    ['CapabilityBoundingSet', 'CAP_NET_ADMIN'],
    ['AmbientCapabilities', ''],
    ['MemoryDenyWriteExecute', 'yes'],
    ['RestrictAddressFamilies', 'AF_NETLINK AF_UNIX'],
    ['IPAddressDeny', 'any'],
    ['SystemCallFilter', '@system-service'],
    ['SystemCallFilter', '~@privileged @resources'],
    ['SystemCallErrorNumber', 'EPERM'],
  ],
  plain: [
    ...CLOSED,
    ['CapabilityBoundingSet', ''],
    ['AmbientCapabilities', ''],
    ['PrivateUsers', 'yes'],
    ['SystemCallFilter', '@system-service'],
    ['SystemCallFilter', '~@privileged @resources'],
    ['SystemCallErrorNumber', 'EPERM'],
  ],
};

const NETWORKS: Readonly<Record<ProcessSpec['network'], readonly Option[]>> = {
  none: [
    ['PrivateNetwork', 'yes'],
    ['RestrictAddressFamilies', 'AF_UNIX'],
    ['IPAddressDeny', 'any'],
  ],
  loopback: [
    ['RestrictAddressFamilies', 'AF_UNIX AF_INET AF_INET6'],
    ['IPAddressDeny', 'any'],
    ['IPAddressAllow', 'localhost'],
  ],
  // Which addresses are refused is the firewall's and the process's own work: it has to reach names it resolves itself.
  out: [['RestrictAddressFamilies', 'AF_UNIX AF_INET AF_INET6']],
};

/** The options of one process, in the order in which they are written. */
export function sandboxOptions(process: ProcessSpec, sandbox: SandboxName): Option[] {
  const network = sandbox === 'plain' ? NETWORKS[process.network] : [];
  const writes: Option[] = process.writes.length === 0 ? [] : [['ReadWritePaths', process.writes.join(' ')]];
  return [...COMMON, ...SANDBOXES[sandbox], ...network, ...writes];
}
