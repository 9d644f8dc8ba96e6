import { CHECKED_VALUES, type FilterOptions } from '../seccomp.ts';
import {
  AGENT_SYSCALLS,
  ALLOWED_SYSCALLS,
  SERVE_SYSCALLS,
  syscallNumbers,
  TRIPWIRE_SYSCALLS,
  WATCH_SYSCALLS,
} from '../syscalls.ts';

type Action = 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO' | 'SCMP_ACT_KILL_PROCESS';
type Comparison = 'SCMP_CMP_EQ' | 'SCMP_CMP_GT' | 'SCMP_CMP_MASKED_EQ';

interface Condition {
  readonly index: number;
  readonly value: number;
  /** Of a masked comparison: `value` is the mask, this what must remain. */
  readonly valueTwo?: number;
  readonly op: Comparison;
}

interface Rule {
  readonly names: readonly string[];
  readonly action: Action;
  readonly errnoRet?: number;
  /** All of them must hold; alternatives are rules of their own. */
  readonly args?: readonly Condition[];
}

/** A profile as Docker, containerd and runc read it. */
export interface SeccompProfile {
  readonly defaultAction: Action;
  readonly defaultErrnoRet: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly Rule[];
}

/** A container's program begins as its own uid: nothing in it has to step down. */
export type ContainerFilter = Pick<FilterOptions, 'arch' | 'sockets' | 'watch' | 'profile'>;

const { ERRNO, FAMILY, CLONE_NEW_BITS, CLONE_THREAD, SOCKET_TYPE } = CHECKED_VALUES;
const { PRCTL_ALLOWED, IOCTL_ALLOWED, AGENT_PRCTL, AGENT_IOCTL } = CHECKED_VALUES;
const RESERVING = 'fallocate';
const IO_URING = ['io_uring_setup', 'io_uring_enter', 'io_uring_register'];
const LOW_32_BITS = 0xffffffff;

/**
 * The filter of a zone in the engine's words, from the tables that bubblewrap's filter is made of. Where the two differ
 * this one is stricter: the engine compares all 64 bits of an argument, the other the 32 that the kernel looks at.
 */
export function seccompProfile(filter: ContainerFilter): SeccompProfile {
  const { arch, sockets, watch } = filter;
  const isAgent = filter.profile === 'agent';
  const numbers = syscallNumbers(arch);
  // A name that the architecture lacks would make the engine's library refuse the whole profile on some versions.
  const known = (names: readonly string[]): readonly string[] =>
    names.filter((name) => numbers.number(name) !== undefined);
  const allowed = [
    ...ALLOWED_SYSCALLS,
    ...(isAgent || sockets === 'serve' ? SERVE_SYSCALLS : []),
    ...(isAgent || watch ? WATCH_SYSCALLS : []),
    ...(isAgent ? [...AGENT_SYSCALLS, 'fork', 'vfork'] : []),
  ];
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: ERRNO.EPERM,
    architectures: [arch === 'x86_64' ? 'SCMP_ARCH_X86_64' : 'SCMP_ARCH_AARCH64'],
    syscalls: [
      {
        names: known([...new Set(allowed)].filter((name) => !isAgent || name !== RESERVING)),
        action: 'SCMP_ACT_ALLOW',
      },
      // One call could take the whole disk before anybody looks; programs go on without.
      ...(isAgent ? [{ names: [RESERVING], action: 'SCMP_ACT_ERRNO', errnoRet: ERRNO.EOPNOTSUPP } as const] : []),
      // To an agent they are refused by the default, as what some programs try in good faith.
      ...(isAgent ? [] : [{ names: known(TRIPWIRE_SYSCALLS), action: 'SCMP_ACT_KILL_PROCESS' } as const]),
      { names: known(['clone3', ...IO_URING]), action: 'SCMP_ACT_ERRNO', errnoRet: ERRNO.ENOSYS },
      ...(isAgent ? agentCloneRules() : cloneRules()),
      ...(isAgent ? agentSocketRules(sockets) : socketRules(sockets)),
      ...oneOf('prctl', 0, PRCTL_ALLOWED),
      ...oneOf('ioctl', 1, IOCTL_ALLOWED),
      ...(isAgent ? [...oneOfLow('prctl', 0, AGENT_PRCTL), ...oneOfLow('ioctl', 1, AGENT_IOCTL)] : []),
    ],
  };
}

/** Threads only: a new process is refused, a new namespace ends the caller. */
function cloneRules(): Rule[] {
  const all = CLONE_NEW_BITS.reduce((sum, bit) => sum + bit, 0);
  return [
    {
      names: ['clone'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: all + CLONE_THREAD, valueTwo: CLONE_THREAD, op: 'SCMP_CMP_MASKED_EQ' }],
    },
    ...CLONE_NEW_BITS.map((bit): Rule => ({
      names: ['clone'],
      action: 'SCMP_ACT_KILL_PROCESS',
      args: [{ index: 0, value: bit, valueTwo: bit, op: 'SCMP_CMP_MASKED_EQ' }],
    })),
  ];
}

/** Threads and processes; a new namespace is refused by the default. */
function agentCloneRules(): Rule[] {
  const all = CLONE_NEW_BITS.reduce((sum, bit) => sum + bit, 0);
  return [
    {
      names: ['clone'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: all, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
    },
  ];
}

/** Sockets of its own, and the loopback of its own empty network; every other family is refused by the default. */
function agentSocketRules(sockets: FilterOptions['sockets']): Rule[] {
  const { stream, datagram, seqpacket } = SOCKET_TYPE;
  const types: readonly (readonly [family: number, type: number])[] = [
    ...(sockets === 'none' ? [] : [stream, datagram, seqpacket].map((type) => [FAMILY.unix, type] as const)),
    ...[FAMILY.inet, FAMILY.inet6].flatMap((family) => [stream, datagram].map((type) => [family, type] as const)),
  ];
  return [
    ...types.map(([family, type]): Rule => ({
      names: ['socket'],
      action: 'SCMP_ACT_ALLOW',
      args: [
        { index: 0, value: family, op: 'SCMP_CMP_EQ' },
        { index: 1, value: SOCKET_TYPE.mask, valueTwo: type, op: 'SCMP_CMP_MASKED_EQ' },
      ],
    })),
    {
      names: ['socket'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet: ERRNO.EAFNOSUPPORT,
      args: [{ index: 0, value: FAMILY.netlink, op: 'SCMP_CMP_EQ' }],
    },
  ];
}

function socketRules(sockets: FilterOptions['sockets']): Rule[] {
  const plain = [FAMILY.inet, FAMILY.inet6, FAMILY.netlink];
  const answered = new Set<number>([FAMILY.unix, ...plain]);
  const highest = Math.max(...answered);
  const hostile = Array.from({ length: highest }, (_, family) => family).filter((family) => !answered.has(family));
  const family = (value: number, op: Comparison = 'SCMP_CMP_EQ'): Condition => ({ index: 0, value, op });
  return [
    ...(sockets === 'none'
      ? []
      : [
          {
            names: ['socket'],
            action: 'SCMP_ACT_ALLOW',
            args: [
              family(FAMILY.unix),
              { index: 1, value: SOCKET_TYPE.mask, valueTwo: SOCKET_TYPE.stream, op: 'SCMP_CMP_MASKED_EQ' },
            ],
          } as const,
        ]),
    ...plain.map((value): Rule => ({
      names: ['socket'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet: ERRNO.EAFNOSUPPORT,
      args: [family(value)],
    })),
    ...hostile.map((value): Rule => ({ names: ['socket'], action: 'SCMP_ACT_KILL_PROCESS', args: [family(value)] })),
    { names: ['socket'], action: 'SCMP_ACT_KILL_PROCESS', args: [family(highest, 'SCMP_CMP_GT')] },
  ];
}

function oneOf(name: string, index: number, values: readonly number[]): Rule[] {
  return values.map((value) => ({
    names: [name],
    action: 'SCMP_ACT_ALLOW',
    args: [{ index, value, op: 'SCMP_CMP_EQ' }],
  }));
}

/** As the kernel reads them, in 32 bits: one C library hands numbers above 2^31 over as negative ones. */
function oneOfLow(name: string, index: number, values: readonly number[]): Rule[] {
  return values.map((value) => ({
    names: [name],
    action: 'SCMP_ACT_ALLOW',
    args: [{ index, value: LOW_32_BITS, valueTwo: value, op: 'SCMP_CMP_MASKED_EQ' }],
  }));
}
