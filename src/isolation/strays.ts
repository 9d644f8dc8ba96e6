import { setTimeout as sleep } from 'node:timers/promises';
import { findByEnvironment, killProcess } from './inspect.ts';

const END_MS_MAX = 5_000;
const LOOK_MS = 10;

/** The marker in the environment of every bubblewrap of an instance. */
export function zoneMarker(instance: string): string {
  return `HARDSHELL_ZONE_OF=${instance}`;
}

/** The marker in the environment of the bubblewrap of one zone. */
export function nameMarker(zone: string): string {
  return `HARDSHELL_ZONE=${zone}`;
}

/**
 * SIGKILL to every process that was started with that marker, whoever started it, until none is left: the walls that a
 * process of the owner built, which may be halted or gone. False when some would not end in time.
 */
export async function endStrays(marker: string): Promise<boolean> {
  const deadline = performance.now() + END_MS_MAX;
  for (;;) {
    const left = findByEnvironment(marker).filter(({ pid }) => pid !== process.pid);
    if (left.length === 0) return true;
    if (performance.now() > deadline) return false;
    left.forEach(killProcess);
    await sleep(LOOK_MS);
  }
}
