import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

export interface HistoriesReport {
  readonly ok: boolean;
  readonly sentence: string;
}

/** Runs `count` random histories over all cores, each part in a process of its own. */
export async function runHistoriesEverywhere(count: number): Promise<HistoriesReport> {
  const parts = Math.min(availableParallelism(), count);
  const startedAt = performance.now();
  const runs = await Promise.all(Array.from({ length: parts }, (_, n) => runPart(Math.ceil((count - n) / parts))));
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  const failed = runs.find((run) => run.code !== 0);
  if (failed !== undefined)
    return { ok: false, sentence: `a random history broke a promise: ${failed.err.trim().slice(-2_000)}` };
  const tallies = runs.map(({ out }) => JSON.parse(out) as Record<string, number>);
  const sum = (name: string): number => tallies.reduce((all, tally) => all + (tally[name] ?? 0), 0);
  return {
    ok: true,
    sentence: `${sum('histories')} random histories in ${seconds} s: ${sum('asked')} asked, ${sum('approved')} approved, ${sum('denied')} denied, ${sum('acts')} acts, ${sum('restarts')} restarts; no promise broken`,
  };
}

function runPart(count: number): Promise<{ code: number; out: string; err: string }> {
  const main = join(import.meta.dirname, '..', 'properties', 'histories-main.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, String(count)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
  return new Promise((resolve) => {
    child.on('error', () => resolve({ ...said, code: 1 }));
    child.on('close', (code) => resolve({ ...said, code: code ?? 1 }));
  });
}
