import {
  ALLOWED_SYSCALLS,
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
}

/** What the kernel does with a call, as `SECCOMP_RET_*`. */
export const VERDICT = { allow: 0x7fff0000, kill: 0x80000000, errno: (n: number): number => 0x00050000 | n } as const;

const ERRNO = { EPERM: 1, ENOSYS: 38, EAFNOSUPPORT: 97 } as const;
const BPF = { load: 0x20, jumpIfEqual: 0x15, jumpIfAtLeast: 0x35, jumpIfAnyBit: 0x45, and: 0x54, ret: 0x06 } as const;
const OFFSET = { nr: 0, arch: 4, arg: (i: number): number => 16 + 8 * i } as const;
const X32_BIT = 0x40000000;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET and NEWTIME. */
const CLONE_NEW_ANY = 0x7e020080;
const CLONE_THREAD = 0x10000;
const FAMILY = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;
const SOCK_STREAM = 1;
const SOCK_TYPE_MASK = 0x7ff;
/** SET_NAME, GET_NAME, GET_DUMPABLE, SET_VMA, GET_NO_NEW_PRIVS, GET_SECCOMP. */
const PRCTL_ALLOWED = [15, 16, 3, 0x53564d41, 39, 21];
/** TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX. TIOCSTI is what this list is about. */
const IOCTL_ALLOWED = [0x5401, 0x5413, 0x541b, 0x5421, 0x5450, 0x5451];
/** What calls are decided by; the Docker driver writes its profile from the same values. */
export const CHECKED_VALUES = {
  ERRNO,
  FAMILY,
  CLONE_NEW_BITS: Array.from({ length: 32 }, (_, bit) => 2 ** bit).filter((bit) => (CLONE_NEW_ANY & bit) !== 0),
  CLONE_THREAD,
  SOCK_STREAM,
  SOCK_TYPE_MASK,
  PRCTL_ALLOWED,
  IOCTL_ALLOWED,
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
  return [
    // Its flags stand behind a pointer, where a filter cannot look; libc falls back to clone.
    ...on('clone3', [ret(VERDICT.errno(ERRNO.ENOSYS))]),
    ...on('clone', [
      load(OFFSET.arg(0)),
      op(BPF.jumpIfAnyBit, CLONE_NEW_ANY, 0, 1),
      ret(VERDICT.kill),
      op(BPF.jumpIfAnyBit, CLONE_THREAD, 1, 0),
      refuse,
      ret(VERDICT.allow),
    ]),
    ...on('socket', socketBody(options.sockets)),
    ...on('prctl', oneOf(0, PRCTL_ALLOWED)),
    ...on('ioctl', oneOf(1, IOCTL_ALLOWED)),
    // Node 24 calls io_uring_setup at each start: a kill here would stop every zone.
    ...['io_uring_setup', 'io_uring_enter', 'io_uring_register'].flatMap((name) =>
      on(name, [ret(VERDICT.errno(ERRNO.ENOSYS))]),
    ),
  ];
}

function socketBody(sockets: FilterOptions['sockets']): Instruction[] {
  const unixStream =
    sockets === 'none'
      ? [refuse]
      : [
          load(OFFSET.arg(1)),
          op(BPF.and, SOCK_TYPE_MASK),
          op(BPF.jumpIfEqual, SOCK_STREAM, 0, 1),
          ret(VERDICT.allow),
          refuse,
        ];
  const unsupported = ret(VERDICT.errno(ERRNO.EAFNOSUPPORT));
  return [
    load(OFFSET.arg(0)),
    op(BPF.jumpIfEqual, FAMILY.unix, 0, unixStream.length),
    ...unixStream,
    // libc and `os.networkInterfaces()` reach these without malice; VSOCK, PACKET, ALG and the others only with it.
    ...[FAMILY.inet, FAMILY.inet6, FAMILY.netlink].flatMap((family) => [
      op(BPF.jumpIfEqual, family, 0, 1),
      unsupported,
    ]),
    ret(VERDICT.kill),
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
  const allowed = [
    ...ALLOWED_SYSCALLS,
    ...(options.sockets === 'serve' ? SERVE_SYSCALLS : []),
    ...(options.watch ? WATCH_SYSCALLS : []),
  ];
  return [
    ...allowed.flatMap((name) => on(name, [ret(VERDICT.allow)])),
    ...TRIPWIRE_SYSCALLS.flatMap((name) => on(name, [ret(VERDICT.kill)])),
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
