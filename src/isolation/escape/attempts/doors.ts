import { cannotTell, held, open, type Attempt } from '../attempt.ts';
import { errnoName } from '../errno.ts';
import { ANSWER, bytes, call, chain, firstOf, into, kept, result, text, type Step } from '../steps.ts';
import { AT_FDCWD, O, openFile } from './common.ts';

const theme = 'doors of the kernel';
const openAny = (paths: readonly string[], flags: number): readonly Step[] =>
  firstOf(paths.map((path) => [openFile(path, flags)]));

/** Files whose writing turns the kernel against its own machine. Opened for writing, never written. */
const WRITTEN: readonly (readonly [id: string, title: string, row: number | undefined, paths: readonly string[]])[] = [
  ['door-sysrq', 'gives the kernel orders (/proc/sysrq-trigger)', 5, ['/proc/sysrq-trigger']],
  [
    'door-core-pattern',
    'has the kernel start a program on a crash (core_pattern)',
    7,
    ['/proc/sys/kernel/core_pattern'],
  ],
  [
    'door-sysctl',
    'changes settings of the kernel (/proc/sys)',
    31,
    [
      '/proc/sys/kernel/hostname',
      '/proc/sys/vm/overcommit_memory',
      '/proc/sys/kernel/modprobe',
      '/proc/sys/net/ipv4/ip_forward',
      '/proc/sys/kernel/randomize_va_space',
    ],
  ],
  [
    'door-uevent',
    'has the kernel start a program on an event (uevent_helper)',
    undefined,
    ['/sys/kernel/uevent_helper', '/sys/kernel/uevent_seqnum', '/sys/kernel/mm/ksm/run', '/sys/power/state'],
  ],
];

const written = WRITTEN.map(([id, title, row, paths]): Attempt => ({
  id,
  theme,
  title,
  ...(row === undefined ? {} : { rows: [row] }),
  steps: () => openAny(paths, O.write),
  heldBy: ['file view', 'no privileges'],
  builtin: 'refused',
  twin: 'works for root',
}));

const own: readonly Attempt[] = [
  {
    id: 'door-self-exe',
    theme,
    title: 'overwrites the program it is running (/proc/self/exe)',
    rows: [30],
    // No machine lets a running program be written; outside a file that does not run is opened in its place.
    steps: ({ inside, shown }) => openAny(inside ? ['/proc/self/exe'] : shown.map(({ path }) => path), O.write),
    heldBy: ['file view'],
    builtin: 'refused',
    twin: 'works',
  },
  {
    id: 'door-init-exe',
    theme,
    title: 'overwrites the program of the wall itself (/proc/1/exe)',
    rows: [30],
    steps: ({ inside, shown }) => openAny(inside ? ['/proc/1/exe'] : shown.map(({ path }) => path), O.write),
    heldBy: ['file view', 'no privileges'],
    builtin: 'refused',
    twin: 'works',
  },
  {
    id: 'door-uid-map',
    theme,
    title: 'maps itself to the host’s root (/proc/self/uid_map)',
    steps: () =>
      chain(
        into('fd', 'openat', AT_FDCWD, text('/proc/self/uid_map'), O.write),
        call('write', result('fd'), bytes(Buffer.from('0 0 1')), 5),
      ),
    heldBy: ['no privileges'],
    builtin: 'refused',
    twin: 'comes back',
  },
  {
    id: 'door-oom-score',
    theme,
    title: 'has every other process ended before itself when memory runs out',
    steps: () =>
      chain(
        into('fd', 'openat', AT_FDCWD, text('/proc/self/oom_score_adj'), O.write),
        call('write', result('fd'), bytes(Buffer.from('-1000')), 5),
      ),
    heldBy: ['no privileges'],
    builtin: 'refused',
    twin: 'comes back',
  },
  {
    id: 'door-cgroup',
    theme,
    title: 'writes a control group: leaves its limits, or has a program started (release_agent)',
    rows: [13],
    steps: ({ cgroupFiles }) => openAny(['/sys/fs/cgroup/release_agent', ...cgroupFiles], O.write),
    heldBy: ['file view'],
    builtin: 'absent',
    twin: 'works for root',
  },
];

const read: readonly Attempt[] = [
  {
    id: 'door-kernel-memory',
    theme,
    title: 'reads the machine’s memory (/dev/mem, /proc/kcore)',
    rows: [8],
    steps: () => openAny(['/dev/mem', '/dev/kmem', '/dev/port', '/proc/kcore', '/proc/vmcore'], O.read),
    heldBy: ['file view', 'no privileges'],
    builtin: 'absent',
    twin: 'works for root',
  },
  {
    id: 'door-kernel-log',
    theme,
    title: 'reads the kernel’s log (/dev/kmsg, /proc/kmsg)',
    rows: [40, 42],
    steps: () => openAny(['/dev/kmsg', '/proc/kmsg'], O.read | O.nonBlock),
    heldBy: ['file view', 'no privileges'],
    builtin: 'absent',
    twin: 'works for root',
  },
  {
    id: 'door-syslog',
    theme,
    title: 'reads the kernel’s log by its call (syslog)',
    rows: [42],
    steps: () => [call('syslog', 3, kept('log', 64), 64)],
    heldBy: ['filter', 'no privileges'],
    builtin: 'refused',
    twin: 'works for root',
  },
  {
    id: 'door-addresses',
    theme,
    title: 'reads where the kernel is in memory (/proc/kallsyms)',
    rows: [42],
    steps: () =>
      chain(
        into('fd', 'openat', AT_FDCWD, text('/proc/kallsyms'), O.read),
        call('read', result('fd'), kept('first', 64), 64),
      ),
    read: (answers) => {
      const answer = answers.number(ANSWER);
      if (answer === undefined) return cannotTell('it did not come to an answer');
      if (answer < 0) return held(errnoName(-answer));
      const first = answers.bytes('first').subarray(0, 16).toString('latin1');
      return /^0{16}/.test(first) ? held('zeros in place of addresses') : open('addresses');
    },
    heldBy: ['no privileges'],
    builtin: 'refused',
    twin: 'works for root',
  },
];

export const DOORS: readonly Attempt[] = [...written, ...own, ...read];
