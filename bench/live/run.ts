// From stored bytes to stored extract in a real instance, a spare reader ready, one process a mail, against reading the
// same mails in this process: `node scripts/run.cjs bench/live/run.ts [mails]`
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Instance, until } from '../../test/e2e/instance.ts';
import { readEmail } from '../../src/zone3-reader/index.ts';
import { median, quantile } from '../support/measure.ts';

const mails = Number(process.argv[2] ?? 20);
const samples = join(import.meta.dirname, '..', '..', 'samples');
const names = readdirSync(samples).filter((name) => name.endsWith('.eml'));
const raws = Array.from({ length: mails }, (_, i) => readFileSync(join(samples, names[i % names.length] ?? '')));
const instance = new Instance();

const linesOf = (event: string): { time: string; subject: string }[] =>
  readFileSync(join(instance.home, 'audit', 'audit.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line.includes(`"event":"${event}"`))
    .map((line) => JSON.parse(line) as { time: string; subject: string });

try {
  await instance.up();
  await until(() => linesOf('item_read').length >= names.length, 60_000);
  await sleep(2_000);
  const before = linesOf('item_read').length;
  for (const [i, raw] of raws.entries()) {
    const path = join(instance.home, 'mail', 'in', `live-${i}.eml`);
    writeFileSync(path, raw);
    // As if it had been there for a while: the pause for files that are still being written is not what is measured.
    utimesSync(path, new Date(0), new Date(Date.now() - 60_000));
    await until(() => linesOf('item_read').length > before + i, 30_000);
    await sleep(300);
  }
  const received = new Map(linesOf('item_received').map(({ subject, time }) => [subject, Date.parse(time)]));
  const live = linesOf('item_read')
    .slice(before)
    .map(({ subject, time }) => Date.parse(time) - (received.get(subject) ?? Number.NaN));
  const ports = {
    sha256Hex: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex'),
    now: () => '2026-11-20T00:00:00Z',
  };
  const here = raws.map((raw) => {
    const start = performance.now();
    readEmail(raw, ports);
    return performance.now() - start;
  });
  console.log(
    `live, sandboxed, one process a mail, spare ready: median ${median(live).toFixed(0)} ms, p95 ${quantile(live, 0.95).toFixed(0)} ms from durable bytes to durable extract (whole milliseconds); in this process, first ${here[0]?.toFixed(1)} ms, median ${median(here).toFixed(2)} ms`,
  );
} finally {
  await instance.remove();
}
