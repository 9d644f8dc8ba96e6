import { createServer } from 'node:net';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { permissionFlags } from '../../src/isolation/index.ts';
import { openBench, openLandlockBench, runZone, specOf, landlockAbi, type Bench } from './support.ts';

// What an honest program of ours does, all of it (times by name are refused in mode L, where nothing of ours sets any): files, threads, cryptography, compression, compiling, sockets, memory.
const WORKLOAD = `import fs from 'node:fs/promises'; import crypto from 'node:crypto'; import zlib from 'node:zlib'; import { Worker } from 'node:worker_threads'; import os from 'node:os'; import net from 'node:net'; import { setTimeout as sleep } from 'node:timers/promises';
const { env } = process; const tmp = env.HOME; const dial = () => env.HARDSHELL_FD ? new net.Socket({ fd: Number(env.HARDSHELL_FD) }) : net.connect(env.BRIDGE);
await fs.writeFile(tmp + '/a', 'x'); await fs.copyFile(tmp + '/a', tmp + '/b'); await fs.rename(tmp + '/b', tmp + '/c'); if (!env.HARDSHELL_WALL) await fs.utimes(tmp + '/c', 1, 1); await fs.truncate(tmp + '/a', 0); await fs.mkdir(tmp + '/d'); await fs.symlink('a', tmp + '/d/l'); await fs.readdir(tmp, { recursive: true });
const h = await fs.open(tmp + '/c', 'r+'); await h.write('yy'); await h.utimes(1, 1); await h.chmod(0o600); await h.sync(); await h.datasync(); await h.stat(); await h.close(); await fs.rm(tmp + '/c'); await fs.rm(tmp + '/d', { recursive: true }); await fs.statfs(tmp);
await new Promise((resolve, reject) => crypto.scrypt('a', 'b', 16, (error) => error ? reject(error) : resolve())); crypto.generateKeyPairSync('ed25519'); crypto.randomUUID(); zlib.brotliDecompressSync(zlib.brotliCompressSync(Buffer.alloc(1e5))); zlib.gunzipSync(zlib.gzipSync(Buffer.alloc(1e5)));
await new Promise((resolve, reject) => new Worker('1 + 1', { eval: true }).on('exit', resolve).on('error', reject));
await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
const garbage = []; for (let i = 0; i < 2e6; i++) { garbage.push({ i }); if (garbage.length > 1e5) garbage.length = 0; }
os.cpus(); os.loadavg(); os.totalmem(); process.memoryUsage(); process.cpuUsage(); process.hrtime.bigint(); new Intl.DateTimeFormat('de').format(0); structuredClone({ a: new Date() }); AbortSignal.timeout(1e6); performance.now();
const said = await new Promise((resolve, reject) => dial().on('data', (data) => resolve(String(data))).on('error', reject));
await sleep(5); await new Promise((resolve) => setImmediate(resolve)); console.log(JSON.stringify({ done: process.versions.node.split('.')[0], said })); process.exit(0);`;

/** The script of the test set-up that installs it has no types: it runs on any Node. */
const setup: unknown = await import(String(new URL('../../scripts/setup-node-next.mjs', import.meta.url)));
const { setupNodeNext } = setup as { readonly setupNodeNext: () => string };

const nodes = [
  ['the pinned line', process.execPath, '24'],
  ['the next line', setupNodeNext(), '26'],
] as const;

const BRIDGE = '/var/run/zone-bridge/zone-bridge.sock';
const abi = await landlockAbi();
const walls = [
  ['behind namespaces', (binary: string) => openBench(undefined, undefined, binary)],
  ...(abi === undefined
    ? []
    : ([['behind Landlock alone', (binary: string) => openLandlockBench(abi, binary)]] as const)),
] as const;
const rows = nodes.flatMap(([line, binary, major]) =>
  walls.map(([wall, open]) => ({ line, binary, major, wall, open })),
);

describe.each(rows)('Node of $line $wall', ({ binary, major, open }) => {
  let bench: Bench;
  let close: () => void;
  let mounts: readonly [{ readonly kind: 'read'; readonly from: string; readonly to: string }];

  beforeAll(async () => {
    bench = await open(binary);
    const sockets = join(bench.directory, 'sockets');
    mkdirSync(sockets);
    chmodSync(sockets, 0o755);
    const path = join(sockets, 'zone-bridge.sock');
    const server = createServer((socket) => socket.on('error', () => undefined).end('hello')).listen(path);
    await new Promise((resolve) => server.once('listening', resolve));
    chmodSync(path, 0o777);
    mounts = [{ kind: 'read', from: sockets, to: '/var/run/zone-bridge' }];
    close = () => void server.close();
  });
  afterAll(async () => {
    close();
    await bench.close();
  });

  it.each([
    ['as a reader or planner', { bridge: BRIDGE }],
    ['as a planner with a model', {}],
    ['as a server of Zone 1', { sockets: 'serve', watch: true }],
    ['as the egress process', { sockets: 'internet' }],
  ] as const)('does the whole honest workload behind the filter %s', async (_as, overrides) => {
    const { exit, out, err } = await runZone(
      bench.driver,
      specOf(['--input-type=module', '-e', WORKLOAD], { mounts, env: { HOME: '/tmp', BRIDGE }, ...overrides }),
    );
    expect([exit, err]).toEqual([{ kind: 'exited', code: 0 }, '']);
    expect(JSON.parse(out)).toEqual({ done: major, said: 'hello' });
  });

  it('starts with the flags of a zone, its permissions and the probe before it', async () => {
    const probe = { kind: 'read', from: join(import.meta.dirname, '..', '..', 'dist', 'probe'), to: '/probe' } as const;
    const flags = [...permissionFlags(['/probe'], major), '--disallow-code-generation-from-strings'];
    const spec = specOf([...flags, '--import', '/probe/main.mjs', '-e', 'console.log("ran")'], { mounts: [probe] });
    expect(await runZone(bench.driver, spec)).toMatchObject({ exit: { kind: 'exited', code: 0 }, out: 'ran\n' });
  });
});
