import { readArrival, type Attempt, type Staged } from '../attempt.ts';
import {
  call,
  forking,
  into,
  jump,
  label,
  result,
  scratch,
  set,
  text,
  words,
  ANSWER,
  type Arg,
  type Step,
} from '../steps.ts';
import { AT_FDCWD, inChild, SIGCHLD } from './common.ts';

const theme = 'namespaces';
const CLONE = {
  newNs: 0x20000,
  newUser: 0x10000000,
  newPid: 0x20000000,
  newNet: 0x40000000,
  newUts: 0x4000000,
} as const;
const PROGRAMS = { allowed: 'programs of an agent start programs, as many as its limit of tasks lets them' };

/** A child that ends at once, and is waited for. */
const makeChild = (name: string, ...args: readonly Arg[]): readonly Step[] => [
  forking('child', 'pid', name, ...args),
  set(ANSWER, result('pid')),
  jump('done', 'negative', result('pid')),
  { kind: 'call', call: 'wait4', args: [result('pid'), scratch('status', 16), 0, 0], into: 'waited' },
  jump('done'),
  label('child'),
  call('exit_group', 0),
  label('done'),
];

/** Outside in a child, whose namespaces are gone with it. */
const unshare = (flags: number) => {
  return ({ inside }: Staged): readonly Step[] =>
    inside ? [call('unshare', flags)] : inChild([call('unshare', flags)]);
};

const made: readonly Attempt[] = [
  {
    id: 'ns-unshare-user',
    theme,
    title: 'makes a user namespace of its own, in which it is root (unshare)',
    rows: [2],
    steps: unshare(CLONE.newUser | CLONE.newNs),
    heldBy: ['filter'],
    builtin: 'killed',
    twin: 'works',
  },
  {
    id: 'ns-unshare-net',
    theme,
    title: 'makes a network namespace of its own (unshare)',
    rows: [2],
    steps: unshare(CLONE.newNet),
    heldBy: ['filter', 'no privileges'],
    builtin: 'killed',
    twin: 'works for root',
  },
  {
    id: 'ns-clone-user',
    theme,
    title: 'starts a process in a user namespace of its own (clone)',
    rows: [37],
    steps: () => makeChild('clone', CLONE.newUser | SIGCHLD, 0, 0, 0, 0),
    atStart: true,
    heldBy: ['filter'],
    builtin: 'killed',
    twin: 'works',
  },
  {
    id: 'ns-clone-pid',
    theme,
    title: 'starts a process in a process namespace of its own (clone)',
    rows: [37],
    steps: () => makeChild('clone', CLONE.newPid | SIGCHLD, 0, 0, 0, 0),
    heldBy: ['filter', 'no privileges'],
    builtin: 'killed',
    twin: 'works for root',
  },
  {
    id: 'ns-clone3',
    theme,
    title: 'hides the flags from the filter behind a pointer (clone3)',
    rows: [38],
    steps: () => makeChild('clone3', words(CLONE.newUser, 0, 0, 0, SIGCHLD, 0, 0, 0), 64),
    heldBy: ['filter'],
    builtin: 'refused',
    twin: 'works',
  },
  {
    id: 'ns-join',
    theme,
    title: 'joins the namespaces of another process (setns)',
    rows: [22],
    // Outside its own: joining them changes nothing.
    // Asked also where there is no /proc to open: it is the call that must not arrive.
    steps: ({ inside }) => [
      into('fd', 'openat', AT_FDCWD, text(inside ? '/proc/1/ns/mnt' : '/proc/self/ns/uts'), 0),
      call('setns', result('fd'), inside ? CLONE.newNs : CLONE.newUts),
    ],
    read: readArrival,
    heldBy: ['filter', 'no privileges'],
    builtin: 'killed',
    twin: 'works',
  },
];

const started: readonly Attempt[] = [
  {
    id: 'ns-fork',
    theme,
    title: 'starts another process',
    rows: [39],
    steps: () => makeChild('clone', SIGCHLD, 0, 0, 0, 0),
    heldBy: ['filter'],
    builtin: 'refused',
    agent: PROGRAMS,
    twin: 'works',
  },
  {
    id: 'ns-fork-old',
    theme,
    title: 'starts another process by the old call (fork)',
    rows: [39],
    steps: () => makeChild('fork'),
    heldBy: ['filter'],
    builtin: 'refused',
    agent: PROGRAMS,
    twin: 'works',
    arch: 'x86_64',
  },
];

export const NAMESPACES: readonly Attempt[] = [...made, ...started];
