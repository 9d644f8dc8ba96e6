// Ratios of the audit log against named peers of the same run: `node scripts/run.cjs bench/audit/run.mjs [entries]`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, writeSync, fdatasyncSync, closeSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Chain, createLog, EMPTY } from '../../src/audit/index.ts';
import { event, makeLog } from './make-log.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const entries = Number(process.argv[2] ?? 1_000_000);
const dir = mkdtempSync(join(process.env.BENCH_DIR ?? here, 'tmp-'));
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const spread = (values) => `${Math.min(...values).toFixed(2)}-${Math.max(...values).toFixed(2)}`;

try {
  await appends();
  verifies();
} finally {
  rmSync(dir, { recursive: true, force: true });
}

/** The same lines in the same batches: ours with chain, order check and tree, the peer with bare calls. */
async function appends() {
  for (const [rounds, batch] of [
    [400, 1],
    [200, 32],
    [100, 256],
  ]) {
    const lines = new Chain({ head: EMPTY, mode: 'F', wallMs: Date.now });
    const batches = Array.from({ length: rounds }, (_, r) =>
      Array.from({ length: batch }, (_, i) => lines.next(event(r * batch + i))),
    );
    const log = await createLog(join(dir, `append-${batch}`));
    const fd = openSync(join(dir, `raw-${batch}`), 'w');
    const ours = [];
    const raw = [];
    // Interleaved, so that both see the same weather on the disk.
    for (const one of batches) {
      const start = performance.now();
      await Promise.all(one.map((line) => log.append([line])));
      const middle = performance.now();
      writeSync(fd, `${one.join('\n')}\n`);
      fdatasyncSync(fd);
      ours.push(middle - start);
      raw.push(performance.now() - middle);
    }
    await log.close();
    closeSync(fd);
    const sum = (values) => values.reduce((a, b) => a + b, 0);
    const p99 = ours.toSorted((a, b) => a - b)[Math.floor(rounds * 0.99)];
    const rawP99 = raw.toSorted((a, b) => a - b)[Math.floor(rounds * 0.99)];
    console.log(
      `durable append, ${batch} a batch: ${(sum(raw) / sum(ours)).toFixed(2)} x of raw write+fdatasync (goal >= 0.5); ` +
        `median ${median(ours).toFixed(2)} ms against ${median(raw).toFixed(2)} ms, p99 ${p99.toFixed(2)} ms against ${rawP99.toFixed(2)} ms`,
    );
  }
}

function verifies() {
  const logDir = join(dir, 'verify');
  makeLog(logDir, entries);
  const file = join(logDir, 'audit.jsonl');
  const mib = statSync(file).size / 2 ** 20;
  console.log(`verify: ${entries} entries, ${mib.toFixed(0)} MiB`);
  const node = (threads, tree) => () => {
    const result = timed(process.execPath, [
      join(here, 'verify-once.mjs'),
      logDir,
      String(threads),
      tree ? 'tree' : '',
    ]);
    return { ...result, rssMiB: Number(/"rssMiB":([\d.]+)/.exec(result.said)[1]) };
  };
  const peers = {
    sha256sum: () => timed('sha256sum', [file]),
    'openssl sha256': () => timed('openssl', ['dgst', '-sha256', file]),
    python: () => timed('python3', [join(here, '../../docs/verify_audit.py'), logDir]),
    'ours, 1 thread': node(1, false),
    'ours, 2 threads': node(2, false),
    'ours with tree, 2 threads': node(2, true),
  };
  const seconds = Object.fromEntries(Object.keys(peers).map((name) => [name, []]));
  const cpu = Object.fromEntries(Object.keys(peers).map((name) => [name, []]));
  const memory = {};
  for (let round = 0; round < 5; round++) {
    for (const [name, run] of Object.entries(peers)) {
      const result = run();
      if (result === null) continue;
      seconds[name].push(result.seconds);
      cpu[name].push(result.cpu);
      if (result.rssMiB !== undefined) memory[name] = Math.max(memory[name] ?? 0, result.rssMiB);
    }
  }
  const small = join(dir, 'small');
  makeLog(small, Math.ceil(entries / 10));
  const tenth = JSON.parse(
    spawnSync(process.execPath, [join(here, 'verify-once.mjs'), small, '1', ''], { encoding: 'utf8' }).stdout,
  );
  console.log(
    `memory, 1 thread: ${tenth.rssMiB.toFixed(0)} MiB at a tenth of the entries, ${memory['ours, 1 thread'].toFixed(0)} MiB at all`,
  );
  const base = median(seconds.sha256sum);
  for (const [name, values] of Object.entries(seconds)) {
    if (values.length === 0) continue;
    const rss = memory[name] === undefined ? '' : `, ${memory[name].toFixed(0)} MiB of memory at most`;
    const work = median(cpu[name]);
    console.log(
      `${name}: ${median(values).toFixed(2)} s (${spread(values)}), ${(median(values) / base).toFixed(2)} x of sha256sum, ` +
        `${(median(seconds.python) / median(values)).toFixed(1)} x faster than Python; processor ${work.toFixed(2)} s, ` +
        `${(work / median(cpu.sha256sum)).toFixed(2)} x, ${(median(cpu.python) / work).toFixed(1)} x${rss}`,
    );
  }
}

/** Wall and processor seconds: the second hardly notices what else the machine is doing. */
function timed(command, args) {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" >&2';
  const run = spawnSync('bash', ['-c', script, '_', command, ...args], { encoding: 'utf8' });
  if (run.status === 127) return null;
  if (run.status !== 0) throw new Error(run.stdout + run.stderr);
  const [wall, user, system] = run.stderr.trim().split('\n').at(-1).split(' ').map(Number);
  return { seconds: wall, cpu: user + system, said: run.stderr };
}
