import { cannotTell, held, open, readArrival, type Attempt } from '../attempt.ts';
import { errnoName } from '../errno.ts';
import {
  ANSWER,
  bytes,
  call,
  chain,
  END,
  into,
  jump,
  kept,
  minus,
  result,
  scratch,
  set,
  text,
  words,
} from '../steps.ts';
import { AT_FDCWD, O, openFile } from './common.ts';

const theme = 'processes';
const LISTED_BYTES = 8192;
/** The wall's own first process, the prober, and what a container engine puts beside it. */
const PROCESSES_OF_A_ZONE = 4;
const ESRCH = 3;
const PTRACE_SEIZE = 0x4206;
const CODE = 0x400000;
const INFINITY = 2n ** 64n - 1n;

/** Found by this list. The filter cannot look at paths, and the kernel lets equals at each other. In mode R the wall's process is of another user. */
const REAPER =
  'the first process of an agent’s zone is bubblewrap’s own, with the zone’s filter and user and no capability; who takes it over can keep the zone’s last exit code from being told';

const seen: readonly Attempt[] = [
  {
    id: 'proc-list',
    theme,
    title: 'sees processes other than its own',
    steps: () =>
      chain(
        into('fd', 'openat', AT_FDCWD, text('/proc'), 0o200000),
        call('getdents64', result('fd'), kept('entries', LISTED_BYTES), LISTED_BYTES),
      ),
    read: (answers) => {
      const answer = answers.number(ANSWER);
      if (answer === undefined) return cannotTell('it did not come to an answer');
      if (answer < 0) return held(errnoName(-answer));
      const count = countNumbers(answers.bytes('entries').subarray(0, Math.min(answer, LISTED_BYTES)));
      return count > PROCESSES_OF_A_ZONE ? open(`${count} processes`) : held(`${count} processes, all its own`);
    },
    heldBy: ['process namespace', 'file view'],
    builtin: 'absent',
    twin: 'works',
  },
  {
    id: 'proc-signal',
    theme,
    title: 'signals a process of the host',
    rows: [27],
    steps: ({ hostPid }) => [call('kill', hostPid, 0)],
    heldBy: ['process namespace', 'scopes'],
    builtin: 'absent',
    twin: 'works',
  },
  {
    id: 'proc-pidfd',
    theme,
    title: 'takes hold of a process of the host (pidfd_open)',
    rows: [27],
    steps: ({ hostPid }) => [call('pidfd_open', hostPid, 0)],
    heldBy: ['filter', 'process namespace'],
    builtin: 'refused',
    agent: 'absent',
    twin: 'works',
  },
  {
    id: 'proc-environ',
    theme,
    title: 'reads the environment of a process of the host',
    steps: ({ hostPid }) => [openFile(`/proc/${hostPid}/environ`)],
    heldBy: ['process namespace', 'file view'],
    builtin: 'absent',
    twin: 'works',
  },
  {
    id: 'proc-root',
    theme,
    title: 'reads the password hashes through the root of another process',
    rows: [6],
    steps: ({ neighbourPid }) => [openFile(`/proc/${neighbourPid}/root/etc/shadow`)],
    heldBy: ['process namespace', 'file view'],
    builtin: 'absent',
    twin: 'works for root',
  },
  {
    id: 'proc-host-name',
    theme,
    title: 'learns the host’s name',
    steps: () => [call('uname', kept('names', 400))],
    read: (answers, at) => {
      const name = answers.bytes('names').subarray(65, 130).toString('latin1').replace(/\0.*$/s, '');
      return name === at.hostName ? open('the host’s name') : held('another name');
    },
    heldBy: ['host name'],
    builtin: 'absent',
    twin: 'works',
  },
];

const taken: readonly Attempt[] = [
  {
    id: 'proc-ptrace',
    theme,
    title: 'takes over the first process of its zone (ptrace)',
    rows: [3],
    steps: ({ neighbourPid }) => [call('ptrace', PTRACE_SEIZE, neighbourPid, 0, 0)],
    read: readArrival,
    atStart: true,
    heldBy: ['filter'],
    builtin: 'killed',
    twin: 'works',
  },
  {
    id: 'proc-vm-read',
    theme,
    title: 'reads the memory of another process (process_vm_readv)',
    rows: [4],
    steps: ({ neighbourPid }) => [
      call('process_vm_readv', neighbourPid, words(scratch('byte', 16), 1), 1, words(CODE, 1), 1, 0),
    ],
    read: readArrival,
    heldBy: ['filter'],
    builtin: 'killed',
    twin: 'works',
  },
  {
    id: 'proc-vm-write',
    theme,
    title: 'writes the memory of another process (process_vm_writev)',
    rows: [4],
    // Nothing is at that address.
    steps: ({ neighbourPid }) => [
      call('process_vm_writev', neighbourPid, words(scratch('byte', 16), 1), 1, words(8, 1), 1, 0),
    ],
    read: readArrival,
    heldBy: ['filter'],
    builtin: 'killed',
    twin: 'works',
  },
  {
    id: 'proc-mem',
    theme,
    title: 'opens the memory of another process as a file (/proc/PID/mem)',
    rows: [4],
    // Its own it may: where it is the first process itself, there is no other.
    steps: ({ neighbourPid }) => [
      into('self', 'getpid'),
      minus('other', result('self'), neighbourPid),
      set(ANSWER, -ESRCH),
      jump(END, 'zero', result('other')),
      openFile(`/proc/${neighbourPid}/mem`, O.readWrite),
    ],
    heldBy: ['no privileges'],
    builtin: 'refused',
    lost: ({ driver, mode, profile }) =>
      driver === 'bubblewrap' && profile === 'agent' && (mode === 'F' || mode === 'U') ? REAPER : undefined,
    twin: 'works',
  },
  {
    id: 'proc-getfd',
    theme,
    title: 'takes a descriptor out of another process (pidfd_getfd)',
    steps: () => [call('pidfd_getfd', -1, 0, 0)],
    read: readArrival,
    heldBy: ['filter'],
    builtin: 'killed',
    twin: 'works',
  },
  {
    id: 'proc-compare',
    theme,
    title: 'compares kernel objects of two processes (kcmp)',
    steps: ({ neighbourPid }) => [call('kcmp', neighbourPid, neighbourPid, 0, 0, 0)],
    heldBy: ['filter'],
    builtin: 'refused',
    twin: 'comes back',
  },
  {
    id: 'proc-priority',
    theme,
    title: 'raises its own priority',
    rows: [41],
    steps: () => [call('setpriority', 0, 0, -10)],
    heldBy: ['filter', 'no privileges'],
    builtin: 'refused',
    twin: 'works for root',
  },
  {
    id: 'proc-realtime',
    theme,
    title: 'puts itself before all others (real-time scheduling)',
    rows: [41],
    steps: () => [call('sched_setscheduler', 0, 1, bytes(Buffer.from([1, 0, 0, 0])))],
    heldBy: ['filter', 'no privileges'],
    builtin: 'refused',
    twin: 'comes back',
  },
  {
    id: 'proc-limit',
    theme,
    title: 'raises the limits of the first process of its zone',
    rows: [41],
    steps: ({ neighbourPid }) => [call('prlimit64', neighbourPid, 7, words(INFINITY, INFINITY), 0)],
    heldBy: ['no privileges'],
    builtin: 'refused',
    twin: 'comes back',
  },
];

/** Names of digits among the entries that `getdents64` wrote. */
function countNumbers(entries: Buffer): number {
  let count = 0;
  for (let at = 0; at + 19 < entries.length;) {
    const length = entries.readUInt16LE(at + 16);
    if (length < 20) break;
    const name = entries
      .subarray(at + 19, at + length)
      .toString('latin1')
      .replace(/\0.*$/s, '');
    if (/^\d+$/.test(name)) count += 1;
    at += length;
  }
  return count;
}

export const PROCESSES: readonly Attempt[] = [...seen, ...taken];
