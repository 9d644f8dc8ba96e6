import { setTimeout as sleep } from 'node:timers/promises';
import type { ZoneCgroup } from './cgroup.ts';
import { isRunning, killProcess, type ProcessId } from './inspect.ts';

const GRACE_MS = 50;

/**
 * The first process inside goes first: its end is the end of its whole process namespace, whatever runs in it. What
 * is not gone at once is killed by group and by number, until it is.
 */
export async function stopZone(group: ZoneCgroup, processes: readonly ProcessId[]): Promise<void> {
  const init = processes.at(-1);
  group.lift();
  if (init !== undefined) killProcess(init);
  const graceEnds = performance.now() + GRACE_MS;
  for (let waitMs = 1; processes.some(isRunning); waitMs = Math.min(waitMs + 1, 10)) {
    if (performance.now() > graceEnds) {
      group.kill();
      for (const process of processes) killProcess(process);
    }
    await sleep(waitMs);
  }
}
