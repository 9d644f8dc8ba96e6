// Reader against Python's `email` + BeautifulSoup + the six classic patterns, on the same mails in the same run.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeMails } from './make-mails.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const count = Number(process.argv[2] ?? 300);
const rounds = Number(process.argv[3] ?? 3);
const python = ['/usr/bin/python3', 'python3'].find((name) => spawnSync(name, ['-c', 'import bs4']).status === 0);
const folder = mkdtempSync(join(tmpdir(), 'hardshell-bench-'));
try {
  const sizes = makeMails(count).map((raw, i) => {
    writeFileSync(join(folder, `${String(i).padStart(5, '0')}.eml`), raw);
    return raw.length;
  });
  console.log(
    `${count} mails, ${Math.min(...sizes)} to ${Math.max(...sizes)} bytes, load ${loadavg()[0].toFixed(2)}, Node ${process.version}`,
  );
  const ours = [];
  const theirs = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(run(process.execPath, [join(here, 'ours.mjs'), folder]));
    if (python !== undefined) theirs.push(run(python, [join(here, 'peer.py'), folder]));
  }
  show('reader', ours);
  show(
    '  warm',
    ours.map((own) => ({ ...own, ...own.warm, cold: undefined })),
  );
  if (python === undefined) console.log('NOT MEASURED: the peer needs `apt-get install python3-bs4`');
  else {
    show('python', theirs);
    compare(
      'the first pass of a process',
      ours.map((own, i) => theirs[i].cpu / own.cpu),
    );
    compare(
      'warm, the same mails a third time',
      ours.map((own, i) => theirs[i].cpu / own.warm.cpu),
    );
  }
  console.log(
    `p99 ${median(ours.map((own) => own.p99)).toFixed(2)} ms a mail, warm ${median(ours.map((own) => own.warm.p99)).toFixed(2)} ms; goal 8 ms`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, NODE_NO_WARNINGS: '1' } });
  if (result.status !== 0) throw new Error(`${command} failed: ${result.stderr}`);
  return JSON.parse(result.stdout.trim());
}

/** Processor time of all threads, since only that means something beside other work. */
function compare(what, ratios) {
  const all = ratios.map((ratio) => ratio.toFixed(1)).join(', ');
  console.log(`reader is ${median(ratios).toFixed(1)} x cheaper in processor time, ${what} (${all}); goal 5 x`);
}

/** Throughput, percentiles, and noise: how far the slowest round lies from the fastest. */
function show(name, runs) {
  const ms = runs.map((one) => one.ms);
  const noise = ((Math.max(...ms) - Math.min(...ms)) / Math.min(...ms)) * 100;
  const best = median(ms);
  const mib = runs[0].bytes / 1_048_576;
  const cold = runs[0].cold === undefined ? '' : `, first mail ${median(runs.map((one) => one.cold)).toFixed(1)} ms`;
  const cpu = median(runs.map((one) => one.cpu)) / runs[0].mails;
  console.log(
    `${name.padEnd(7)} ${cpu.toFixed(2)} ms of processor time a mail, ${((runs[0].mails / best) * 1000).toFixed(0)} mails/s, ${((mib / best) * 1000).toFixed(1)} MiB/s, p50 ${median(runs.map((one) => one.p50)).toFixed(2)} ms, p99 ${median(runs.map((one) => one.p99)).toFixed(2)} ms${cold}, noise ${noise.toFixed(0)} %`,
  );
}

function median(values) {
  return values.toSorted((x, y) => x - y)[Math.floor(values.length / 2)];
}
