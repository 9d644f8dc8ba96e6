// `hardshell scan` of an mbox against one unsandboxed process on one core, on the same messages in the same run.
// node scripts/run.cjs bench/scan/run.mjs [messages] [rounds]      100 000 messages need 3 GB of disk
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeMbox } from './make-mbox.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const count = Number(process.argv[2] ?? 100_000);
const rounds = Number(process.argv[3] ?? 1);
const folder = mkdtempSync(join(tmpdir(), 'hardshell-bench-'));
try {
  const mbox = join(folder, 'all.mbox');
  const bytes = await makeMbox(mbox, count);
  console.log(
    `${count} messages, ${(bytes / 1_048_576).toFixed(0)} MiB, ${(bytes / count / 1_024).toFixed(1)} KiB each; ${availableParallelism()} cores (${cpus()[0]?.model}), load ${loadavg()[0].toFixed(2)}, Node ${process.version}`,
  );
  const ratios = [];
  for (let round = 0; round < rounds; round++) {
    const peer = runPeer(mbox);
    const ours = await runScan(mbox);
    if (peer.messages !== ours.messages)
      throw new Error(`the peer read ${peer.messages} messages, scan ${ours.messages}`);
    ratios.push(peer.ms / ours.ms);
    // On a busy machine time is shared with others; processor time is not.
    const cpu = peer.cpuSeconds / (ours.cpuSeconds / Math.min(2, availableParallelism()));
    console.log(
      `processor time: peer ${peer.cpuSeconds.toFixed(1)} s, scan ${ours.cpuSeconds.toFixed(1)} s (${ours.parentSeconds.toFixed(1)} s of it outside the readers); on two free cores that is ${cpu.toFixed(2)} x`,
    );
    console.log(`peer, one core, no sandbox: ${rate(peer)}, ${mib(peer.rss)} MiB`);
    console.log(
      `scan: ${rate(ours)}, peak of all its processes together ${mib(ours.pss)} MiB (PSS; ${mib(ours.rss)} MiB as a sum of RSS), at most ${ours.processes} processes`,
    );
  }
  console.log(
    `scan is ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')} x as fast as the peer; goal 1.2 x on two cores; peak goal 400 MiB`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function runPeer(mbox) {
  const run = spawnSync('taskset', ['-c', '0', process.execPath, join(here, 'peer.mjs'), mbox], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout);
}

async function runScan(mbox) {
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [
      join(here, '..', '..', 'test', 'cli', 'scan-main.ts'),
      JSON.stringify({ paths: [mbox], json: true, restart: true }),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let last = '';
  child.stdout.on('data', (chunk) => (last = (last + chunk.toString('latin1')).slice(-65_536)));
  const peak = { pss: 0, rss: 0, processes: 0, cpu: new Map() };
  const timer = setInterval(() => sample(child.pid, peak), 100);
  await new Promise((resolve) => child.once('close', resolve));
  const ms = performance.now() - started;
  clearInterval(timer);
  const cpuSeconds = [...peak.cpu.values()].reduce((sum, seconds) => sum + seconds, 0);
  const parentSeconds = [...peak.cpu].find(([key]) => key.startsWith(`${child.pid} `))?.[1] ?? 0;
  const summary = JSON.parse(last.trim().split('\n').at(-1));
  if (Object.keys(summary.failed).length > 0) console.log('not read:', summary.failed);
  return { messages: summary.messages, ms, cpuSeconds, parentSeconds, ...peak };
}

/** Memory of a process and all below it; PSS counts what is shared once. */
function sample(root, peak) {
  const parents = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    parents.set(Number(name), parent);
  }
  const mine = [...parents.keys()].filter((pid) => {
    for (let at = pid; at !== undefined && at > 1; at = parents.get(at)) if (at === root) return true;
    return false;
  });
  let [pss, rss] = [0, 0];
  for (const pid of mine) {
    const fields = read(`/proc/${pid}/stat`)
      .replace(/^.*\) /, '')
      .split(' ');
    // Started at (field 22) tells a pid's owners apart; user and system time are fields 14 and 15.
    if (fields.length > 20) peak.cpu.set(`${pid} ${fields[19]}`, (Number(fields[11]) + Number(fields[12])) / 100);
    const rollup = read(`/proc/${pid}/smaps_rollup`);
    pss += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) * 1_024;
    rss += Number(/^Rss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) * 1_024;
  }
  peak.pss = Math.max(peak.pss, pss);
  peak.rss = Math.max(peak.rss, rss);
  peak.processes = Math.max(peak.processes, mine.length);
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function rate({ messages, ms }) {
  return `${(messages / (ms / 1_000)).toFixed(0)} messages a second (${(ms / 1_000).toFixed(1)} s)`;
}

function mib(bytes) {
  return (bytes / 1_048_576).toFixed(0);
}
