import { ANSWER, call, forking, jump, label, minus, peek, result, scratch, set, text, type Step } from '../steps.ts';

/** Flags of `openat` that both architectures share. */
export const O = { read: 0, write: 1, readWrite: 2, create: 0o100, exclusive: 0o200, nonBlock: 0o4000 } as const;
export const AT_FDCWD = -100;
export const AT_EMPTY_PATH = 0x1000;
export const AT_REMOVEDIR = 0x200;
export const SIGCHLD = 17;
export const SIGKILL = 9;
/** Nothing of this name is on any machine. */
export const NOWHERE = '/nowhere/hardshell';

export const openFile = (path: string, flags: number = O.read): Step =>
  call('openat', AT_FDCWD, text(path), flags | 0o2000000, 0o600);

/** Makes a file that was not there, and takes it away again. */
export function plant(path: string): readonly Step[] {
  return [openFile(path, O.write | O.create | O.exclusive), ...removeAfter(path)];
}

/** Where the answer before was a success, removes what it made and keeps the answer. */
export function removeAfter(path: string): readonly Step[] {
  const removed: Step = { kind: 'call', call: 'unlinkat', args: [AT_FDCWD, text(path), 0], into: 'removed' };
  return [jump('planted', 'negative', result(ANSWER)), removed, label('planted')];
}

/**
 * The steps in a child process, so that what they change of a process is gone with it. The answer is 0 where the
 * child's was not negative, and otherwise minus one and the child's exit code tells nothing more.
 */
export function inChild(steps: readonly Step[]): readonly Step[] {
  return [
    forking('child', 'pid', 'clone', SIGCHLD, 0, 0, 0, 0),
    set(ANSWER, result('pid')),
    jump('waited', 'negative', result('pid')),
    { kind: 'call', call: 'wait4', args: [result('pid'), scratch('status', 16), 0, 0], into: 'waited' },
    peek('status', scratch('status', 16)),
    minus(ANSWER, 0, result('status')),
    jump('waited'),
    label('child'),
    ...steps,
    jump('worked', 'notNegative', result(ANSWER)),
    call('exit_group', 1),
    label('worked'),
    call('exit_group', 0),
    label('waited'),
  ];
}
