import { CHECKED_VALUES, type FilterOptions } from '../seccomp.ts';
import { ALLOWED_SYSCALLS, SERVE_SYSCALLS, syscallNumbers, TRIPWIRE_SYSCALLS, WATCH_SYSCALLS } from '../syscalls.ts';

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

/** Containers hold built-in zones only: an agent's filter is not written in the engine's words. */
export type BuiltinFilter = Pick<FilterOptions, 'arch' | 'sockets' | 'watch'>;

const { ERRNO, FAMILY, CLONE_NEW_BITS, CLONE_THREAD, SOCK_STREAM, SOCK_TYPE_MASK, PRCTL_ALLOWED, IOCTL_ALLOWED } =
  CHECKED_VALUES;
const IO_URING = ['io_uring_setup', 'io_uring_enter', 'io_uring_register'];

/**
 * The filter of a zone in the engine's words, from the tables that bubblewrap's filter is made of. Where the two differ
 * this one is stricter: the engine compares all 64 bits of an argument, the other the 32 that the kernel looks at.
 */
export function seccompProfile({ arch, sockets, watch }: BuiltinFilter): SeccompProfile {
  const numbers = syscallNumbers(arch);
  // A name that the architecture lacks would make the engine's library refuse the whole profile on some versions.
  const known = (names: readonly string[]): readonly string[] =>
    names.filter((name) => numbers.number(name) !== undefined);
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: ERRNO.EPERM,
    architectures: [arch === 'x86_64' ? 'SCMP_ARCH_X86_64' : 'SCMP_ARCH_AARCH64'],
    syscalls: [
      { names: known(ALLOWED_SYSCALLS), action: 'SCMP_ACT_ALLOW' },
      ...(sockets === 'serve' ? [{ names: known(SERVE_SYSCALLS), action: 'SCMP_ACT_ALLOW' } as const] : []),
      ...(watch ? [{ names: known(WATCH_SYSCALLS), action: 'SCMP_ACT_ALLOW' } as const] : []),
      { names: known(TRIPWIRE_SYSCALLS), action: 'SCMP_ACT_KILL_PROCESS' },
      { names: known(['clone3', ...IO_URING]), action: 'SCMP_ACT_ERRNO', errnoRet: ERRNO.ENOSYS },
      ...cloneRules(),
      ...socketRules(sockets),
      ...oneOf('prctl', 0, PRCTL_ALLOWED),
      ...oneOf('ioctl', 1, IOCTL_ALLOWED),
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
              { index: 1, value: SOCK_TYPE_MASK, valueTwo: SOCK_STREAM, op: 'SCMP_CMP_MASKED_EQ' },
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
