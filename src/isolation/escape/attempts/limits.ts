import { cannotTell, held, open, type Attempt, type Reading } from '../attempt.ts';
import { errnoName } from '../errno.ts';
import type { Answers } from '../program.ts';
import {
  ANSWER,
  call,
  forking,
  into,
  jump,
  kept,
  label,
  minus,
  peek,
  plus,
  result,
  scratch,
  set,
  text,
  words,
  type Step,
} from '../steps.ts';
import { AT_FDCWD, NOWHERE, O, SIGCHLD, SIGKILL } from './common.ts';

const theme = 'limits';
const MIB = 1024 * 1024;
const BLOCK_BYTES = 64 * 1024;
/** What a zone's `/tmp` and `/dev/shm` may hold while this list is run, and what is written. */
export const TMP_BYTES_MAX = MIB;
const TMP_BYTES_TRIED = 4 * MIB;
const MEMORY_BYTES_MAX = 24 * MIB;
const MEMORY_BYTES_TRIED = 64 * MIB;
const TASKS_MAX = 12;
const TASKS_TRIED = 48;
const THREAD = 0x50f00;
const SHARED_MAPPING = 0x8022;

/** Does something so many times, and stops where it is refused; `done` counts how often it worked. */
function repeat(times: number, steps: readonly Step[]): readonly Step[] {
  return [
    set('done', 0),
    set('left', -times),
    label('again'),
    ...steps,
    jump('stopped', 'negative', result(ANSWER)),
    plus('done', result('done'), 1),
    plus('left', result('left'), 1),
    jump('again', 'negative', result('left')),
    label('stopped'),
  ];
}

/** Held where it was stopped before it had done all that it tried. */
const stopped = (tried: number) => {
  return (answers: Answers): Reading => {
    const done = answers.number('done');
    const answer = answers.number(ANSWER);
    if (done === undefined || answer === undefined) return cannotTell('it did not come to an answer');
    return done >= tried ? open(`all ${done}`) : held(`${errnoName(-answer)} after ${done}`);
  };
};

const sleeping: readonly Step[] = [into('slept', 'nanosleep', words(3, 0), 0), into('ended', 'exit', 0)];

const fill = (path: string): readonly Step[] => [
  into('fd', 'openat', AT_FDCWD, text(path), O.write | O.create | O.exclusive, 0o600),
  set(ANSWER, result('fd')),
  set('done', 0),
  jump('stopped', 'negative', result('fd')),
  ...repeat(TMP_BYTES_TRIED / BLOCK_BYTES, [call('write', result('fd'), scratch('block', BLOCK_BYTES), BLOCK_BYTES)]),
  into('removed', 'unlinkat', AT_FDCWD, text(path), 0),
];

const bounded: readonly Attempt[] = [
  {
    id: 'limit-tmp',
    theme,
    title: 'fills the disk through its `/tmp`',
    steps: ({ writable }) => fill(`${writable ?? NOWHERE}/filled`),
    read: stopped(TMP_BYTES_TRIED / BLOCK_BYTES),
    heldBy: ['tmp bound'],
    builtin: 'bounded',
    twin: 'works',
    alone: {},
  },
  {
    id: 'limit-shm',
    theme,
    title: 'fills the memory through /dev/shm',
    steps: ({ hostPid }) => fill(`/dev/shm/hardshell-filled-${hostPid}`),
    read: stopped(TMP_BYTES_TRIED / BLOCK_BYTES),
    heldBy: ['tmp bound', 'file view'],
    builtin: 'refused',
    agent: 'bounded',
    twin: 'works',
    alone: {},
  },
  {
    id: 'limit-threads',
    theme,
    title: 'starts threads without end',
    rows: [39],
    steps: () => [
      ...repeat(TASKS_TRIED, [forking('child', ANSWER, 'clone', THREAD, 0, 0, 0, 0)]),
      jump('end'),
      label('child'),
      ...sleeping,
    ],
    read: stopped(TASKS_TRIED),
    heldBy: ['task limit'],
    builtin: 'bounded',
    twin: 'works',
    alone: { tasksMax: TASKS_MAX },
  },
  {
    id: 'limit-processes',
    theme,
    title: 'starts processes without end',
    rows: [39],
    steps: () => [
      into('parent', 'getpid'),
      ...repeat(TASKS_TRIED, [forking('child', ANSWER, 'clone', SIGCHLD, 0, 0, 0, 0)]),
      jump('end'),
      label('child'),
      // Ends with its parent, also where that was quicker, and holds nothing of it open.
      into('closed', 'close', 1),
      into('bound', 'prctl', 1, SIGKILL, 0, 0, 0),
      into('parent-now', 'getppid'),
      minus('orphan', result('parent-now'), result('parent')),
      jump('asleep', 'zero', result('orphan')),
      into('ended', 'exit_group', 0),
      label('asleep'),
      ...sleeping,
    ],
    read: stopped(TASKS_TRIED),
    heldBy: ['filter', 'task limit'],
    builtin: 'refused',
    agent: 'bounded',
    lost: ({ profile, limitsHeld }) =>
      profile === 'agent' && !limitsHeld.includes('pids') ? 'no cgroup holds the pids limit of a zone' : undefined,
    twin: 'works',
    alone: { tasksMax: TASKS_MAX },
  },
  {
    id: 'limit-memory',
    theme,
    title: 'takes memory without end',
    steps: () => repeat(MEMORY_BYTES_TRIED / MIB, [call('mmap', 0, MIB, 3, SHARED_MAPPING, -1, 0)]),
    read: stopped(MEMORY_BYTES_TRIED / MIB),
    heldBy: ['memory limit'],
    builtin: 'bounded',
    twin: 'works',
    alone: { memoryBytesMax: MEMORY_BYTES_MAX },
  },
];

const CLOCK = { monotonic: 1, process: 2 } as const;
/** Four allowances of a tenth: two could be had at once, the end of one and the beginning of the next. */
const BUSY_NS = 200_000_000;
/** Of a whole processor: a zone that may have a tenth needs much longer for that much work. */
const SHARE_MAX = 0.5;
const SECOND_NS = 1e9;

const readClock = (name: string, clock: number): readonly Step[] => [
  into(`${name}-read`, 'clock_gettime', clock, kept(name, 16)),
];

const timeOf = (time: Buffer): number => Number(time.readBigInt64LE(0)) * SECOND_NS + Number(time.readBigInt64LE(8));

const processor: Attempt = {
  id: 'limit-processor',
  theme,
  title: 'keeps a processor busy for itself',
  steps: () => [
    ...readClock('began', CLOCK.monotonic),
    label('busy'),
    ...readClock('used', CLOCK.process),
    // The process is younger than a second: nanoseconds are enough, and they are the second word.
    plus('used-at', kept('used', 16), 8),
    peek('used-ns', result('used-at')),
    minus('left', result('used-ns'), BUSY_NS),
    jump('busy', 'negative', result('left')),
    ...readClock('ended', CLOCK.monotonic),
    set(ANSWER, 0),
  ],
  read: (answers) => {
    const [began, ended] = [timeOf(answers.bytes('began')), timeOf(answers.bytes('ended'))];
    if (answers.number(ANSWER) !== 0 || ended <= began) return cannotTell('it did not come to an answer');
    const share = BUSY_NS / (ended - began);
    return share > SHARE_MAX ? open('a processor of its own') : held('a part of a processor');
  },
  heldBy: ['cpu limit'],
  builtin: 'bounded',
  twin: 'works',
  alone: { cpus: 0.1 },
  scope: 'full',
};

export const LIMITS: readonly Attempt[] = [...bounded, processor];
