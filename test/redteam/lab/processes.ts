import { readdirSync, readFileSync } from 'node:fs';
import { becomes } from './wait.ts';

/** These processes and all below them: what a zone is made of is bubblewrap, its init and the program. */
export function withChildren(roots: readonly number[]): number[] {
  const found = new Set(roots);
  const parents = readParents();
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

export function tryKill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** INVARIANT: what is to be frozen is seen frozen, or the attack has not been made. */
export async function freeze(pids: readonly number[]): Promise<void> {
  for (const pid of pids) tryKill(pid, 'SIGSTOP');
  if (!(await becomes(() => pids.length > 0 && pids.every((pid) => stateOf(pid) === 'T'))))
    throw new Error('a process could not be stopped');
}

/** State letter of a process as the kernel gives it: `T` for one that was stopped; empty when it is gone. */
function stateOf(pid: number): string {
  return /^\d+ \(.*\) (\w) \d+ /s.exec(readStat(pid))?.[1] ?? '';
}

function readParents(): [pid: number, parent: number][] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), Number(/^\d+ \(.*\) \w (\d+) /s.exec(readStat(Number(name)))?.[1] ?? 0)]);
}

function readStat(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return '';
  }
}
