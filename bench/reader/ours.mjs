// Our reader over the mails of a folder, one core, one process: prints one line of JSON.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readEmail } from '../../src/zone3-reader/index.ts';

const folder = process.argv[2];
const ports = {
  sha256Hex: (bytes) => createHash('sha256').update(bytes).digest('hex'),
  now: () => new Date().toISOString(),
};
const raws = readdirSync(folder)
  .sort()
  .map((name) => readFileSync(join(folder, name)));
const cold = performance.now();
readEmail(raws[0], ports);
const coldMs = performance.now() - cold;
for (const raw of raws.slice(0, 10)) readEmail(raw, ports);
const first = pass();
pass();
const warm = pass();
console.log(
  JSON.stringify({
    mails: raws.length,
    bytes: raws.reduce((sum, raw) => sum + raw.length, 0),
    ...first,
    cold: coldMs,
    warm,
  }),
);

/** All mails once: time by the clock, processor time of all threads (compiler and collector too), percentiles. */
function pass() {
  const before = process.cpuUsage();
  const times = raws.map((raw) => {
    const start = performance.now();
    readEmail(raw, ports);
    return performance.now() - start;
  });
  const used = process.cpuUsage(before);
  times.sort((x, y) => x - y);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  return {
    ms: times.reduce((sum, ms) => sum + ms, 0),
    cpu: (used.user + used.system) / 1000,
    p50: at(0.5),
    p99: at(0.99),
  };
}
