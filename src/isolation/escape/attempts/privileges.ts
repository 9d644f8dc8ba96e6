import { cannotTell, held, open, type Attempt } from '../attempt.ts';
import { errnoName } from '../errno.ts';
import { ANSWER, bytes, call, chain, firstOf, into, kept, result, text, type Step } from '../steps.ts';
import { AT_FDCWD, O } from './common.ts';

const theme = 'privileges';
const PR = { getSeccomp: 21, getNoNewPrivs: 39 } as const;
const CAPABILITY_VERSION = 0x20080522;
const TIOCSTI = 0x5412;
const TIOC = { lock: 0x40045431, peer: 0x5441, controlling: 0x540e } as const;
const NO_CONTROL = 0o400;

const header = (): Buffer => {
  const out = Buffer.alloc(8);
  out.writeUInt32LE(CAPABILITY_VERSION);
  return out;
};

const identity: readonly Attempt[] = [
  {
    id: 'priv-setuid',
    theme,
    title: 'sets its user',
    rows: [19],
    // To what it is: the call itself is what a zone has no use for.
    steps: () => [into('uid', 'getuid'), call('setuid', result('uid'))],
    heldBy: ['filter'],
    builtin: 'refused',
    agent: { allowed: 'programs of an agent may set the user they are' },
    twin: 'works',
  },
  {
    id: 'priv-root',
    theme,
    title: 'becomes root',
    rows: [19],
    steps: () => [call('setresuid', 0, 0, 0)],
    heldBy: ['filter', 'no privileges'],
    builtin: 'refused',
    twin: 'works for root',
  },
  {
    id: 'priv-groups',
    theme,
    title: 'joins the group of root',
    steps: () => [call('setgroups', 1, bytes(Buffer.alloc(4)))],
    heldBy: ['filter', 'no privileges'],
    builtin: 'refused',
    twin: 'works for root',
  },
  {
    id: 'priv-capset',
    theme,
    title: 'gives itself every capability',
    steps: () => [call('capset', bytes(header()), bytes(Buffer.alloc(24, 0xff)))],
    heldBy: ['filter', 'no privileges'],
    builtin: 'refused',
    twin: 'comes back',
  },
  {
    id: 'priv-capabilities',
    theme,
    title: 'has a capability',
    steps: () => [call('capget', bytes(header()), kept('sets', 24))],
    read: (answers) => {
      if (answers.number(ANSWER) !== 0) return cannotTell('the kernel did not say');
      return answers.bytes('sets').some((byte) => byte !== 0) ? open('capabilities') : held('none');
    },
    heldBy: ['no privileges'],
    builtin: 'absent',
    twin: 'works for root',
  },
  {
    id: 'priv-setuid-file',
    theme,
    title: 'gains privileges by a setuid program',
    rows: [19],
    steps: () => [call('prctl', PR.getNoNewPrivs, 0, 0, 0, 0)],
    read: (answers) => {
      const answer = answers.number(ANSWER);
      if (answer === 1) return held('no program may gain any');
      return answer === 0 ? open('programs may gain privileges') : cannotTell('the kernel did not say');
    },
    heldBy: ['no privileges'],
    builtin: 'refused',
    twin: 'works',
  },
  {
    id: 'priv-unfiltered',
    theme,
    title: 'runs without a filter of system calls',
    steps: () => [call('prctl', PR.getSeccomp, 0, 0, 0, 0)],
    read: (answers) => {
      const answer = answers.number(ANSWER);
      if (answer === 2) return held('filtered');
      return answer === 0 ? open('not filtered') : cannotTell('the kernel did not say');
    },
    heldBy: ['filter'],
    builtin: 'refused',
    twin: 'works',
  },
];

const letter = (): readonly [ReturnType<typeof bytes>] => [bytes(Buffer.from('x'))];
const typeInto = (fd: string): Step => call('ioctl', result(fd), TIOCSTI, ...letter());

/** A terminal of its own, which an ordinary user may type into where the machine allows it at all. */
const ownTerminal = (): readonly Step[] =>
  chain(
    into('session', 'setsid'),
    into('master', 'openat', AT_FDCWD, text('/dev/ptmx'), O.readWrite | NO_CONTROL),
    into('unlocked', 'ioctl', result('master'), TIOC.lock, bytes(Buffer.alloc(4))),
    into('terminal', 'ioctl', result('master'), TIOC.peer, O.readWrite | NO_CONTROL),
    into('taken', 'ioctl', result('terminal'), TIOC.controlling, 0),
    typeInto('terminal'),
  );

const terminal: Attempt = {
  id: 'priv-terminal',
  theme,
  title: 'types into the terminal of whoever started it (TIOCSTI)',
  rows: [10],
  steps: ({ inside }) =>
    inside
      ? firstOf([
          ...[0, 1, 2].map((fd) => [call('ioctl', fd, TIOCSTI, ...letter())]),
          chain(into('terminal', 'openat', AT_FDCWD, text('/dev/tty'), O.readWrite), typeInto('terminal')),
        ])
      : ownTerminal(),
  read: (answers) => {
    const answer = answers.number(ANSWER);
    if (answer === undefined) return cannotTell('it did not come to an answer');
    return answer < 0 ? held(errnoName(-answer)) : open('a key was typed');
  },
  heldBy: ['filter', 'own session'],
  builtin: 'refused',
  twin: 'works',
};

export const PRIVILEGES: readonly Attempt[] = [...identity, terminal];
