import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import { HardshellError, type Clock, type RandomBytes, type Sha256Hex } from '../../contracts/index.ts';

export const random: RandomBytes = (n) => randomBytes(n);

export const sha256Hex: Sha256Hex = (data) => createHash('sha256').update(data).digest('hex');

/** Milliseconds by which the coarse boot-time clock may run ahead of our fine one before we say that we slept. */
const SLEEP_MS_MIN = 2_500;

/**
 * The system's clocks. Node reads the boot-time clock only in seconds where /proc is not bound, so the fine monotonic
 * clock carries it on, and jumps ahead when the coarse one shows that the machine was suspended.
 */
export function systemClock(env: Readonly<Record<string, string | undefined>>): Clock {
  const startedAt = performance.now();
  let base = uptime() * 1_000;
  const bootMs = (): number => {
    const fine = base + (performance.now() - startedAt);
    const coarse = uptime() * 1_000;
    if (coarse - fine > SLEEP_MS_MIN) base += coarse - fine;
    return Math.floor(base + (performance.now() - startedAt));
  };
  return { bootMs, wallMs: () => Date.now(), bootId: bootId(env) };
}

function bootId(env: Readonly<Record<string, string | undefined>>): string {
  const given = env['HARDSHELL_BOOT_ID'] ?? readBootId();
  if (/^[0-9a-f-]{36}$/.test(given)) return given;
  throw new HardshellError('isolation_failed', 'the boot id of this machine is not known; nothing can expire safely', {
    fate: 'stop',
  });
}

function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return '';
  }
}
