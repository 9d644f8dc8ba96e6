import { EXIT_OF_EXIT_PROGRAM, type Attempt, held, open, cannotTell, readArrival } from '../attempt.ts';
import { errnoName } from '../errno.ts';
import {
  ANSWER,
  bytes,
  call,
  chain,
  forking,
  into,
  jump,
  label,
  peek,
  result,
  scratch,
  set,
  text,
  words,
  type Step,
} from '../steps.ts';
import { AT_EMPTY_PATH, NOWHERE, SIGCHLD } from './common.ts';

const theme = 'the kernel itself';
const nowhere = text(NOWHERE);
const EBADF = 9;
const ENOENT = 2;

/** Asked so that the kernel refuses each one after the filter has let it pass: bad descriptors, pointers and names. */
const TRIPWIRES: readonly (readonly [id: string, title: string, row: number | undefined, step: Step])[] = [
  ['kernel-bpf', 'loads a program into the kernel (bpf)', 24, call('bpf', 0, 0, 0)],
  ['kernel-perf', 'watches the processor (perf_event_open)', 24, call('perf_event_open', 0, 0, -1, -1, 0)],
  ['kernel-userfaultfd', 'holds the kernel up in its own memory (userfaultfd)', 24, call('userfaultfd', 1)],
  ['kernel-module', 'loads a module (init_module)', 25, call('init_module', 0, 0, 0)],
  ['kernel-module-file', 'loads a module from a file (finit_module)', 25, call('finit_module', -1, text(''), 0)],
  ['kernel-module-remove', 'removes a module', 25, call('delete_module', text('no-such-module'), 0o4000)],
  ['kernel-kexec', 'starts another kernel (kexec_load)', 25, call('kexec_load', 0, 0xffff, 0, -1)],
  ['kernel-kexec-file', 'starts another kernel from a file', 25, call('kexec_file_load', -1, -1, 0, 0, -1)],
  ['kernel-reboot', 'reboots the machine', undefined, call('reboot', 0, 0, 0, 0)],
  ['kernel-clock', 'sets the clock (clock_settime)', 36, call('clock_settime', 0, 0)],
  ['kernel-time', 'sets the clock (settimeofday)', 36, call('settimeofday', 1, 0)],
  ['kernel-clock-adjust', 'makes the clock run faster or slower', 36, call('clock_adjtime', 0, 0)],
  ['kernel-host-name', 'renames the host', 36, call('sethostname', text('x'), -1)],
  ['kernel-domain-name', 'renames the host’s domain', 36, call('setdomainname', text('x'), -1)],
  ['kernel-swap-on', 'adds swap space', undefined, call('swapon', nowhere, 0)],
  ['kernel-swap-off', 'takes swap space away', undefined, call('swapoff', nowhere)],
  ['kernel-accounting', 'has every process written down', undefined, call('acct', nowhere)],
  ['kernel-quota', 'changes disk quotas', undefined, call('quotactl', -1, nowhere, 0, 0)],
  ['kernel-keyring-join', 'joins a session keyring', 9, call('keyctl', 1, 0)],
  ['kernel-key-request', 'asks for a key of the host', 9, call('request_key', text('user'), text('no-such-key'), 0, 0)],
];

const tripwires = TRIPWIRES.map(([id, title, row, step]): Attempt => ({
  id,
  theme,
  title,
  ...(row === undefined ? {} : { rows: [row] }),
  steps: () => [step],
  read: readArrival,
  ...(id === 'kernel-bpf' ? { atStart: true as const } : {}),
  heldBy: ['filter'],
  builtin: 'killed',
  twin: 'works',
}));

const ports: readonly Attempt[] = [
  ['kernel-iopl', 'takes all ports of the machine (iopl)', call('iopl', 4)] as const,
  ['kernel-ioperm', 'takes a port of the machine (ioperm)', call('ioperm', 70_000, 1, 1)] as const,
  [
    'kernel-ldt',
    'comes at its own segment table (modify_ldt)',
    call('modify_ldt', 0, scratch('table', 16), 16),
  ] as const,
].map(([id, title, step]) => ({
  id,
  theme,
  title,
  steps: () => [step],
  read: readArrival,
  heldBy: ['filter'],
  builtin: 'killed',
  twin: 'works',
  arch: 'x86_64',
}));

/** Writes a program that no file holds, and has a child become it. */
const runFromMemory = (image: Buffer): readonly Step[] => [
  ...chain(
    into('fd', 'memfd_create', text('x'), 0),
    into('written', 'write', result('fd'), bytes(image), image.length),
  ),
  forking('child', 'pid', 'clone', SIGCHLD, 0, 0, 0, 0),
  set(ANSWER, result('pid')),
  jump('done', 'negative', result('pid')),
  into('waited', 'wait4', result('pid'), scratch('status', 16), 0, 0),
  peek('status', scratch('status', 16)),
  jump('done'),
  label('child'),
  call('execveat', result('fd'), text(''), words(0), words(0), AT_EMPTY_PATH),
  call('exit_group', 1),
  label('done'),
];

const refused: readonly Attempt[] = [
  {
    id: 'kernel-key-add',
    theme,
    title: 'puts a key into a keyring that the host’s user shares',
    rows: [9],
    // Outside into the keyring of its own thread, which ends with it.
    steps: ({ inside }) => [call('add_key', text('user'), text('attempt'), text('x'), 1, inside ? -4 : -1)],
    atStart: true,
    heldBy: ['filter'],
    builtin: 'killed',
    twin: 'works',
  },
  {
    id: 'kernel-io-uring',
    theme,
    title: 'has calls made past the filter (io_uring)',
    rows: [11],
    steps: () => [call('io_uring_setup', 4, scratch('params', 256))],
    heldBy: ['filter'],
    builtin: 'refused',
    twin: 'works',
  },
  {
    id: 'kernel-memfd',
    theme,
    title: 'makes a file that exists in memory only (memfd_create)',
    rows: [12],
    steps: () => [call('memfd_create', text('x'), 0)],
    heldBy: ['filter'],
    builtin: 'refused',
    twin: 'works',
  },
  {
    id: 'kernel-execveat',
    theme,
    title: 'becomes what a descriptor holds (execveat)',
    rows: [12],
    steps: () => [call('execveat', -1, text(''), words(0), words(0), AT_EMPTY_PATH)],
    read: (answers) => {
      const answer = answers.number(ANSWER);
      if (answer === undefined) return cannotTell('it did not come to an answer');
      return answer === -EBADF || answer === -ENOENT ? open('it was looked for') : held(errnoName(-answer));
    },
    heldBy: ['filter'],
    builtin: 'refused',
    twin: 'works',
  },
  {
    id: 'kernel-run-from-memory',
    theme,
    title: 'runs a program that no file holds',
    rows: [12],
    steps: ({ exitProgram }) => runFromMemory(exitProgram),
    read: (answers) => {
      const answer = answers.number(ANSWER);
      if (answer === undefined) return cannotTell('it did not come to an answer');
      if (answer < 0) return held(errnoName(-answer));
      const code = ((answers.number('status') ?? 0) >> 8) & 0xff;
      return code === EXIT_OF_EXIT_PROGRAM ? open('it ran') : held('it did not run');
    },
    heldBy: ['filter'],
    builtin: 'refused',
    twin: 'works',
  },
  {
    id: 'kernel-personality',
    theme,
    title: 'asks for another execution domain (personality)',
    steps: () => [call('personality', 0xffffffff)],
    heldBy: ['filter'],
    builtin: 'refused',
    twin: 'works',
  },
  {
    id: 'kernel-move-pages',
    theme,
    title: 'moves memory of processes between nodes (migrate_pages)',
    steps: () => [call('migrate_pages', 0, -1, 0, 0)],
    read: readArrival,
    heldBy: ['filter'],
    builtin: 'refused',
    twin: 'works',
  },
  {
    id: 'kernel-unknown',
    theme,
    title: 'makes a call that the filter has never heard of',
    steps: () => [call(5_000)],
    heldBy: ['filter'],
    builtin: 'refused',
    twin: 'comes back',
  },
];

export const KERNEL: readonly Attempt[] = [...tripwires, ...ports, ...refused];
