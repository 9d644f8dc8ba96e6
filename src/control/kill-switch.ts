import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One independent way to stop the instance. None of them relies on another having worked. */
export interface Lever {
  readonly name: string;
  /** True when it did something or there was nothing to do. Must settle within its own deadline. */
  readonly pull: () => Promise<LeverResult>;
  /** The same question without the act. */
  readonly test: () => Promise<LeverResult>;
}

export interface LeverResult {
  readonly ok: boolean;
  readonly detail: string;
}

export interface KillOptions {
  /** The latch: pulled first and alone, since everything else asks it. */
  readonly latch: Lever;
  readonly levers: readonly Lever[];
  /** What of the instance runs at this moment. */
  readonly remaining: () => number;
  /** Puts the stop on the record. Its failure never stops the stop. */
  readonly record: (stopped: number) => Promise<void>;
  readonly nowMs: () => number;
  readonly pause: (ms: number) => Promise<void>;
}

export interface KillReport {
  readonly simulated: boolean;
  readonly levers: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
  readonly running: number;
  readonly remaining: number;
  readonly recorded: boolean;
  readonly elapsedMs: number;
}

const VERIFY_MS_MAX = 5_000;

/** Stops the instance by every lever, verifies that nothing runs, and only then writes it down. Never throws. */
export async function pullKillSwitch(options: KillOptions): Promise<KillReport> {
  const startedAt = options.nowMs();
  const running = options.remaining();
  const latch = await attempt(options.latch, 'pull');
  const results = [latch, ...(await Promise.all(options.levers.map((lever) => attempt(lever, 'pull'))))];
  let remaining = options.remaining();
  while (remaining > 0 && options.nowMs() - startedAt < VERIFY_MS_MAX) {
    await options.pause(10);
    // Again, not only waited for: something may have been started while the levers were pulled.
    await Promise.all(options.levers.map((lever) => attempt(lever, 'pull')));
    remaining = options.remaining();
  }
  const elapsedMs = options.nowMs() - startedAt;
  const recorded = await options.record(running).then(
    () => true,
    () => false,
  );
  return { simulated: false, levers: results, running, remaining, recorded, elapsedMs };
}

/** Says what `pullKillSwitch` would stop and whether each lever can be reached. Changes nothing. */
export async function simulateKillSwitch(options: KillOptions): Promise<KillReport> {
  const startedAt = options.nowMs();
  const results = await Promise.all([options.latch, ...options.levers].map((lever) => attempt(lever, 'test')));
  const running = options.remaining();
  return {
    simulated: true,
    levers: results,
    running,
    remaining: running,
    recorded: false,
    elapsedMs: options.nowMs() - startedAt,
  };
}

async function attempt(lever: Lever, way: 'pull' | 'test'): Promise<LeverResult & { name: string }> {
  try {
    return { name: lever.name, ...(await lever[way]()) };
  } catch (error) {
    return { name: lever.name, ok: false, detail: error instanceof Error ? error.message : 'failed' };
  }
}

/** What the logs have seen: the highest epoch that was killed, and the highest that ever was. Zero: none. */
export interface Epochs {
  readonly killed: number;
  readonly seen: number;
}

/**
 * Read from raw lines, so that a broken log can only raise the bar: a line that is there counts whether its chain
 * holds or not. `inMain`: also the main log, for `revive`.
 */
export function readEpochs(auditDir: string, options: { readonly inMain?: boolean } = {}): Epochs {
  let killed = 0;
  let seen = 0;
  for (const file of ['stop-audit.jsonl', ...(options.inMain === true ? ['audit.jsonl'] : [])]) {
    for (const line of readText(join(auditDir, file)).split('\n')) {
      const epoch = Number(/"epoch":(\d{1,15})\b/.exec(line)?.[1] ?? 0);
      if (!/"event":"(?:killed|revived|armed)"/.test(line)) continue;
      seen = Math.max(seen, epoch);
      if (line.includes('"event":"killed"') && !line.includes('"simulated":true')) killed = Math.max(killed, epoch);
    }
  }
  return { killed, seen };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
