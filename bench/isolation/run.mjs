// Start of a sandboxed program against the same program without a sandbox, stop of everything, and `up` to ready
// against `node -e 0`. Ratios of one run; the machine's noise stands beside them.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, chmodSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createBubblewrapDriver,
  findRuntime,
  openLibrary,
  closeInheritedDescriptors,
} from '../../src/isolation/index.ts';
import { instancePaths } from '../../src/state/index.ts';

closeInheritedDescriptors();
const ROUNDS = Number(process.env.ROUNDS ?? 30);
const MIB = 1024 * 1024;
const root = join(import.meta.dirname, '..', '..');
const isRoot = process.getuid() === 0;
const base = mkdtempSync(join(tmpdir(), 'hs-bench-'));
chmodSync(base, 0o755);
const found = await findRuntime(process.execPath);
const runtime = { ...found, node: isRoot ? await openLibrary(base).file(found.node) : found.node };
const driver = createBubblewrapDriver({ instance: 'be0cbe0c', runtime: () => runtime });
const [probe, reader] = ['probe', 'reader'].map((name) => {
  cpSync(join(root, 'dist', name), join(base, name), { recursive: true });
  return join(base, name);
});
const ids = isRoot ? { uid: 61_498, gid: 61_498 } : {};
const limits = (cpus) => ({ memoryBytesMax: 256 * MIB, tasksMax: 32, cpus });

const spec = (name, nodeArguments, cpus) => ({
  name,
  ...ids,
  mounts: [
    { kind: 'tmp', to: '/tmp', bytesMax: MIB },
    { kind: 'read', from: probe, to: '/probe' },
    { kind: 'read', from: reader, to: '/app' },
  ],
  env: { HOME: '/tmp', NODE_ENV: 'production' },
  cwd: '/tmp',
  proc: true,
  sockets: 'connect',
  watch: false,
  limits: limits(cpus),
  program: { kind: 'node', arguments: nodeArguments },
  profile: 'builtin',
  network: 'none',
});
// The same program in both: the packed reader, from the start of its process until it says that it is ready.
const FLAGS = ['--max-old-space-size=150', '--disallow-code-generation-from-strings', '--permission'];

/** Two connected ends, one to give away. */
async function socketPair() {
  const path = join(base, `pair-${serial++}`);
  const server = createServer().listen(path);
  await new Promise((resolve) => server.once('listening', resolve));
  const accepted = new Promise((resolve) => server.once('connection', resolve));
  const far = createConnection({ path });
  far.pause();
  await new Promise((resolve) => far.once('connect', resolve));
  const near = await accepted;
  server.close();
  return [near, far];
}

const readyOn = (near) => new Promise((resolve) => near.once('data', resolve));

async function plain() {
  const [near, far] = await socketPair();
  const ready = readyOn(near);
  const startedAt = performance.now();
  const flags = [...FLAGS, `--allow-fs-read=${join(root, 'dist', 'reader')}/*`];
  const child = spawn(runtime.node, [...flags, join(root, 'dist', 'reader', 'main.mjs'), '--batch'], {
    env: { HOME: '/tmp', NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'ignore', far],
  });
  far.destroy();
  await ready;
  const ms = performance.now() - startedAt;
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  near.destroy();
  return ms;
}

let serial = 0;
async function walled({ cpus = 2, withProbe = true } = {}) {
  const [near, far] = await socketPair();
  const ready = readyOn(near);
  const startedAt = performance.now();
  const flags = [
    ...FLAGS,
    '--allow-fs-read=/app/*',
    '--allow-fs-read=/probe/*',
    ...(withProbe ? ['--import', '/probe/main.mjs'] : []),
  ];
  const own = spec(`bench-${serial++}`, [...flags, '/app/main.mjs', '--batch'], cpus);
  const zone = await driver.create({
    ...own,
    descriptor: far,
    sockets: 'none',
    env: { ...own.env, HARDSHELL_FD: '3' },
  });
  const created = performance.now() - startedAt;
  await ready;
  const ms = performance.now() - startedAt;
  await zone.stop();
  near.destroy();
  return { ms, created };
}

async function stopAll(count) {
  const zones = await Promise.all(
    Array.from({ length: count }, () =>
      driver.create(spec(`bench-${serial++}`, ['-e', 'setInterval(() => {}, 1e6)'], 2)),
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, 200));
  const startedAt = performance.now();
  await Promise.all(zones.map((zone) => zone.stop()));
  return performance.now() - startedAt;
}

function nodeNothing() {
  const startedAt = performance.now();
  return new Promise((resolve) =>
    spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }).on('exit', () => resolve(performance.now() - startedAt)),
  );
}

/** `first`: a home that does not exist yet; otherwise one that has been up before. */
function up(home) {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const env = { HARDSHELL_HOME: home, HOME: base, PATH: '/usr/bin:/bin' };
    const child = spawn(process.execPath, [join(root, 'dist', 'supervisor', 'main.mjs')], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    let ms;
    child.stdout.on('data', (chunk) => {
      said += chunk;
      if (ms !== undefined || !said.includes('Hardshell is ready')) return;
      ms = performance.now() - startedAt;
      child.kill('SIGINT');
    });
    child.on('exit', () => (ms === undefined ? reject(new Error(`up failed: ${said}`)) : resolve(ms)));
  });
}

const sorted = (values) => [...values].sort((a, b) => a - b);
const quantile = (values, q) => sorted(values)[Math.min(values.length - 1, Math.floor(values.length * q))];
const show = (values) =>
  `median ${quantile(values, 0.5).toFixed(1)} ms (p5 ${quantile(values, 0.05).toFixed(1)}, p95 ${quantile(values, 0.95).toFixed(1)}, n ${values.length})`;
const report = (what, ours, peer, goal) => {
  const ratio = quantile(ours, 0.5) / quantile(peer, 0.5);
  console.log(`${what}: ${ratio.toFixed(2)} x${goal}\n  ours ${show(ours)}\n  peer ${show(peer)}`);
};

await plain();
await walled();
const series = { plain: [], walled: [], bare: [], half: [], created: [] };
for (let i = 0; i < ROUNDS; i++) {
  series.plain.push(await plain());
  const { ms, created } = await walled();
  series.walled.push(ms);
  series.created.push(created);
  series.bare.push((await walled({ withProbe: false })).ms);
  series.half.push((await walled({ cpus: 0.5 })).ms);
}
report(
  'sandboxed start of a reader, self-probe included, against the same program without a sandbox',
  series.walled,
  series.plain,
  ' (goal: at most 1.5)',
);
report('sandboxed start without the self-probe', series.bare, series.plain, '');
report('sandboxed start on half a processor', series.half, series.plain, '');
console.log(`until checked from outside: ${show(series.created)}`);
const stops = [];
for (let i = 0; i < 10; i++) stops.push(await stopAll(6));
console.log(`stop of six zones at once: ${show(stops)}`);
await driver.destroy();

if (existsSync(join(root, 'dist', 'executor', 'main.mjs'))) {
  const nothing = [];
  const first = [];
  const again = [];
  const homes = [];
  for (let i = 0; i < 5; i++) {
    const home = join(base, `home-${i}`);
    homes.push(home);
    nothing.push(await nodeNothing());
    first.push(await up(home));
    nothing.push(await nodeNothing());
    again.push(await up(home));
  }
  report(
    '`up` to ready, first start (new home, Node copied as root), against `node -e 0`',
    first,
    nothing,
    ' (goal: at most 1.5 s)',
  );
  report('`up` to ready, later start, against `node -e 0`', again, nothing, ' (goal: at most 1.5 s)');
  if (isRoot) for (const home of homes) rmSync(instancePaths(home, 0).run, { recursive: true, force: true });
}
rmSync(base, { recursive: true, force: true });
