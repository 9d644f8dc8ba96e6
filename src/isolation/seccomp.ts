import {
  AGENT_SYSCALLS,
  ALLOWED_SYSCALLS,
  CHANGE_UID_SYSCALLS,
  INTERNET_SYSCALLS,
  NEWEST_KNOWN,
  SERVE_SYSCALLS,
  syscallNumbers,
  TRIPWIRE_SYSCALLS,
  WATCH_SYSCALLS,
  type SyscallArch,
} from './syscalls.ts';

export interface FilterOptions {
  readonly arch: SyscallArch;
  /**
   * `connect`: may open AF_UNIX streams; `serve`: may listen on them too; `none`: lives on inherited descriptors;
   * `internet`: as `serve`, and IPv4 and IPv6 streams and datagrams (the egress process alone).
   */
  readonly sockets: 'connect' | 'serve' | 'none' | 'internet';
  /** May watch directories (inotify). */
  readonly watch: boolean;
  /** `agent`: may start programs, use a terminal and its own loopback; what ends a builtin zone is refused here. */
  readonly profile: 'builtin' | 'agent';
  /**
   * The zone finds files where the host has them (mode L). What Landlock does not look at is refused here: modes and
   * times by name, modes that give to others, limits of other processes.
   */
  readonly hostPaths?: boolean;
  /** Mode R: the zone begins as root and steps down to its own uid. Nothing is left to step up with. */
  readonly changeUid: boolean;
}

/** What the kernel does with a call, as `SECCOMP_RET_*`. */
export const VERDICT = { allow: 0x7fff0000, kill: 0x80000000, errno: (n: number): number => 0x00050000 | n } as const;

const ERRNO = { EPERM: 1, ENOSYS: 38, EOPNOTSUPP: 95, EAFNOSUPPORT: 97 } as const;
const BPF = { load: 0x20, jumpIfEqual: 0x15, jumpIfAtLeast: 0x35, jumpIfAnyBit: 0x45, and: 0x54, ret: 0x06 } as const;
const OFFSET = { nr: 0, arch: 4, arg: (i: number): number => 16 + 8 * i } as const;
const X32_BIT = 0x40000000;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET and NEWTIME. */
const CLONE_NEW_ANY = 0x7e020080;
const CLONE_THREAD = 0x10000;
const FAMILY = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;
const SOCKET_TYPE = { stream: 1, datagram: 2, seqpacket: 5, mask: 0x7ff } as const;
/** SET_NAME, GET_NAME, GET_DUMPABLE, SET_VMA, GET_NO_NEW_PRIVS, GET_SECCOMP. */
const PRCTL_ALLOWED = [15, 16, 3, 0x53564d41, 39, 21];
/** TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX. TIOCSTI is what this list is about. */
const IOCTL_ALLOWED = [0x5401, 0x5413, 0x541b, 0x5421, 0x5450, 0x5451];
/** An agent's programs may also name a signal for a parent's death, reap orphans, and give privileges up. */
const AGENT_PRCTL = [1, 4, 23, 29, 30, 36, 37, 38];
/**
 * Terminal settings, process groups of a terminal, and a terminal of its own (TCSETS to TCSETSF, TCSBRK, TCXONC, TCFLSH,
 * TIOCEXCL to TIOCSPGRP, TIOCOUTQ, TIOCSWINSZ, TIOCNOTTY, TIOCGSID, TCGETS2, TCSETS2, TIOCGPTN, TIOCSPTLCK, TIOCGPTPEER,
 * FIOASYNC). Never TIOCSTI and TIOCLINUX, which type into a terminal.
 */
const AGENT_IOCTL = [
  ...[0x5402, 0x5403, 0x5404, 0x5409, 0x540a, 0x540b, 0x540c, 0x540d, 0x540e, 0x540f, 0x5410, 0x5411, 0x5414, 0x5422],
  ...[0x5429, 0x802c542a, 0x402c542b, 0x402c542c, 0x402c542d, 0x80045430, 0x40045431, 0x5441, 0x5452],
];
/** SET_KEEPCAPS, CAPBSET_READ and DROP, SECUREBITS, NO_NEW_PRIVS, CAP_AMBIENT: what `setpriv` needs to step down. */
const CHANGE_UID_PRCTL = [8, 23, 24, 27, 28, 38, 47];
/** What calls are decided by; the Docker driver writes its profile from the same values. */
export const CHECKED_VALUES = {
  ERRNO,
  FAMILY,
  CLONE_NEW_BITS: Array.from({ length: 32 }, (_, bit) => 2 ** bit).filter((bit) => (CLONE_NEW_ANY & bit) !== 0),
  CLONE_THREAD,
  SOCKET_TYPE,
  PRCTL_ALLOWED,
  IOCTL_ALLOWED,
  AGENT_PRCTL,
  AGENT_IOCTL,
} as const;

interface Instruction {
  readonly code: number;
  readonly ifTrue: number;
  readonly ifFalse: number;
  readonly k: number;
}

const op = (code: number, k: number, ifTrue = 0, ifFalse = 0): Instruction => ({ code, ifTrue, ifFalse, k });
const load = (offset: number): Instruction => op(BPF.load, offset);
const ret = (verdict: number): Instruction => op(BPF.ret, verdict);
const refuse = ret(VERDICT.errno(ERRNO.EPERM));

/**
 * The filter of one zone, as the raw `struct sock_filter` records that `bwrap --seccomp` reads.
 * Everything not listed is refused with EPERM; what no honest process calls kills it (exit 159 at the supervisor).
 */
export function buildSeccompFilter(options: FilterOptions): Buffer {
  return encode([...architecture(options.arch), ...checkedCalls(options), ...listedCalls(options)]);
}

/** 64-bit filters are passed by the i386 and x32 doors otherwise. */
function architecture(arch: SyscallArch): Instruction[] {
  const native = syscallNumbers(arch).auditArch;
  return [
    load(OFFSET.arch),
    op(BPF.jumpIfEqual, native, 1, 0),
    ret(VERDICT.kill),
    load(OFFSET.nr),
    ...(arch === 'x86_64' ? [op(BPF.jumpIfAtLeast, X32_BIT, 0, 1), ret(VERDICT.kill)] : []),
  ];
}

/** Calls that are decided by their arguments. INVARIANT: every body ends in `ret`, so the loaded number is never lost. */
function checkedCalls(options: FilterOptions): Instruction[] {
  const on = caller(options.arch);
  const isAgent = options.profile === 'agent';
  const prctls = [...PRCTL_ALLOWED, ...(isAgent ? AGENT_PRCTL : []), ...(options.changeUid ? CHANGE_UID_PRCTL : [])];
  return [
    // Its flags stand behind a pointer, where a filter cannot look; libc falls back to clone.
    ...on('clone3', [ret(VERDICT.errno(ERRNO.ENOSYS))]),
    ...on('clone', cloneBody(options)),
    ...(isAgent ? ['fork', 'vfork'].flatMap((name) => on(name, [ret(VERDICT.allow)])) : []),
    // It takes the whole disk in one call, before any look at the workspace; libc falls back to writing.
    ...(isAgent ? on('fallocate', [ret(VERDICT.errno(ERRNO.EOPNOTSUPP))]) : []),
    ...on('socket', socketBody(options)),
    ...on('prctl', oneOf(0, [...new Set(prctls)])),
    ...(options.hostPaths === true ? hostPathCalls(on) : []),
    ...on('ioctl', oneOf(1, [...IOCTL_ALLOWED, ...(isAgent ? AGENT_IOCTL : [])])),
    // Node 24 calls io_uring_setup at each start: a kill here would stop every zone.
    ...['io_uring_setup', 'io_uring_enter', 'io_uring_register'].flatMap((name) =>
      on(name, [ret(VERDICT.errno(ERRNO.ENOSYS))]),
    ),
  ];
}

/** Set-id and sticky bits, and writing by others. */
const MODE_FOR_OTHERS = 0o7022;

function hostPathCalls(on: ReturnType<typeof caller>): Instruction[] {
  const allow = ret(VERDICT.allow);
  const onlyZero = (offset: number): Instruction[] => [load(offset), op(BPF.jumpIfEqual, 0, 1, 0), refuse];
  const { arg } = OFFSET;
  return [
    ...['chmod', 'fchmodat'].flatMap((name) => on(name, [refuse])),
    ...on('fchmod', [load(arg(1)), op(BPF.jumpIfAnyBit, MODE_FOR_OTHERS, 0, 1), refuse, allow]),
    // Without a name it is about an open file; a pointer has two halves.
    ...on('utimensat', [...onlyZero(arg(1)), ...onlyZero(arg(1) + 4), allow]),
    ...on('prlimit64', [...onlyZero(arg(0)), allow]),
  ];
}

function cloneBody(options: FilterOptions): Instruction[] {
  return [
    load(OFFSET.arg(0)),
    op(BPF.jumpIfAnyBit, CLONE_NEW_ANY, 0, 1),
    tripwire(options),
    // Threads only, but for an agent.
    ...(options.profile === 'agent' ? [] : [op(BPF.jumpIfAnyBit, CLONE_THREAD, 1, 0), refuse]),
    ret(VERDICT.allow),
  ];
}

/**
 * What no honest program of ours calls ends the zone and is the alarm. An agent's programs are not ours: some of them
 * ask for such things in good faith (a browser for a namespace) and go on without.
 */
function tripwire({ profile }: FilterOptions): Instruction {
  return profile === 'agent' ? refuse : ret(VERDICT.kill);
}

function socketBody(options: FilterOptions): Instruction[] {
  const isAgent = options.profile === 'agent';
  const { stream, datagram, seqpacket } = SOCKET_TYPE;
  const unixTypes = options.sockets === 'none' ? [] : isAgent ? [stream, datagram, seqpacket] : [stream];
  // An agent's Internet is the loopback of its own empty network namespace.
  const internetTypes = isAgent || options.sockets === 'internet' ? [stream, datagram] : [];
  // libc and `os.networkInterfaces()` reach these without malice; VSOCK, PACKET, ALG and the others only with it.
  const unsupported = ret(VERDICT.errno(ERRNO.EAFNOSUPPORT));
  const internet = internetTypes.length === 0 ? [unsupported] : socketTypes(internetTypes);
  const family = (number: number, body: readonly Instruction[]): Instruction[] => [
    op(BPF.jumpIfEqual, number, 0, body.length),
    ...body,
  ];
  return [
    load(OFFSET.arg(0)),
    ...family(FAMILY.unix, unixTypes.length === 0 ? [refuse] : socketTypes(unixTypes)),
    ...family(FAMILY.inet, internet),
    ...family(FAMILY.inet6, internet),
    ...family(FAMILY.netlink, [unsupported]),
    tripwire(options),
  ];
}

function socketTypes(types: readonly number[]): Instruction[] {
  return [
    load(OFFSET.arg(1)),
    op(BPF.and, SOCKET_TYPE.mask),
    ...types.flatMap((type) => [op(BPF.jumpIfEqual, type, 0, 1), ret(VERDICT.allow)]),
    refuse,
  ];
}

function oneOf(argument: number, values: readonly number[]): Instruction[] {
  return [
    load(OFFSET.arg(argument)),
    ...values.flatMap((value) => [op(BPF.jumpIfEqual, value, 0, 1), ret(VERDICT.allow)]),
    refuse,
  ];
}

function listedCalls(options: FilterOptions): Instruction[] {
  const on = caller(options.arch);
  const isAgent = options.profile === 'agent';
  const serves = isAgent || options.sockets === 'serve' || options.sockets === 'internet';
  const allowed = [
    ...ALLOWED_SYSCALLS,
    ...(serves ? SERVE_SYSCALLS : []),
    ...(options.sockets === 'internet' ? INTERNET_SYSCALLS : []),
    ...(isAgent || options.watch ? WATCH_SYSCALLS : []),
    ...(isAgent ? AGENT_SYSCALLS : []),
    ...(options.changeUid ? CHANGE_UID_SYSCALLS : []),
  ];
  return [
    ...[...new Set(allowed)].flatMap((name) => on(name, [ret(VERDICT.allow)])),
    ...TRIPWIRE_SYSCALLS.flatMap((name) => on(name, [tripwire(options)])),
    op(BPF.jumpIfAtLeast, NEWEST_KNOWN + 1, 0, 1),
    ret(VERDICT.errno(ERRNO.ENOSYS)),
    refuse,
  ];
}

/** `body` for the call of that name; nothing where the architecture lacks it. */
function caller(arch: SyscallArch): (name: string, body: readonly Instruction[]) => Instruction[] {
  const numbers = syscallNumbers(arch);
  return (name, body) => {
    const number = numbers.number(name);
    return number === undefined ? [] : [op(BPF.jumpIfEqual, number, 0, body.length), ...body];
  };
}

function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach((instruction, i) => {
    bytes.writeUInt16LE(instruction.code, i * 8);
    bytes.writeUInt8(instruction.ifTrue, i * 8 + 2);
    bytes.writeUInt8(instruction.ifFalse, i * 8 + 3);
    bytes.writeUInt32LE(instruction.k, i * 8 + 4);
  });
  return bytes;
}
