import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeOpenDirectory } from '../support.ts';
import {
  dockerSpec,
  evaluate,
  NO_ENGINE,
  openDockerBench,
  plainContainer,
  runDocker,
  type DockerBench,
} from './support.ts';

const DIST = join(import.meta.dirname, '..', '..', '..', 'dist');

/** What a program sees of its wall; asked in a container of ours and in a plain one. */
const LOOK = `
  const fs = require('fs'); const os = require('os');
  const code = (act) => { try { act(); return 'open'; } catch (error) { return error.code; } };
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  const field = (name) => new RegExp('^' + name + ':\\\\s*(\\\\S+)', 'm').exec(status)[1];
  const list = (path) => { try { return fs.readdirSync(path).length; } catch (error) { return error.code; } };
  const mounts = fs.readFileSync('/proc/self/mountinfo', 'utf8').split('\\n').filter((line) => line.split(' ')[4] === '/tmp');
  console.log(JSON.stringify({
    caps: field('CapEff') + field('CapBnd') + field('CapPrm') + field('CapInh') + field('CapAmb'),
    noNewPrivs: field('NoNewPrivs'), seccomp: field('Seccomp'), uid: field('Uid'), groups: process.getgroups(),
    root: code(() => fs.writeFileSync('/planted', '')), dev: code(() => fs.writeFileSync('/dev/planted', '')),
    lib: code(() => fs.writeFileSync('/usr/bin/planted', '')), shm: fs.existsSync('/dev/shm'), mqueue: list('/dev/mqueue'),
    etc: list('/etc'), sys: list('/sys'), host: os.hostname(), init: process.pid,
    processes: fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).length,
    interfaces: fs.readFileSync('/proc/net/dev', 'utf8').match(/\\w+(?=:)/g).sort(),
    env: Object.keys(process.env).sort(), files: fs.readFileSync('/proc/self/limits', 'utf8').match(/open files\\s+(\\d+)/)[1],
    tmp: mounts.map((line) => line.split(' ')[5].split(',').filter((word) => /^no(exec|suid|dev)$/.test(word)).sort().join()),
    kcore: code(() => fs.readFileSync('/proc/sys/kernel/core_pattern')) + code(() => fs.writeFileSync('/proc/sys/kernel/hostname', 'x')),
  }));`;

describe.skipIf(NO_ENGINE !== undefined)('what a program finds in a container', () => {
  let bench: DockerBench;
  const work = makeOpenDirectory();
  beforeAll(async () => {
    bench = await openDockerBench();
  }, 60_000);
  afterAll(async () => {
    await bench.close();
    work.remove();
  });

  it('is the wall of the secure template, of which a plain container of the same image has nothing', async () => {
    const { out } = await runDocker(bench.driver, dockerSpec(['-e', LOOK]));
    expect(JSON.parse(out)).toEqual({
      caps: '0'.repeat(80),
      noNewPrivs: '1',
      seccomp: '2',
      uid: '61498',
      groups: [61_498],
      root: 'EROFS',
      dev: 'EACCES',
      lib: 'EROFS',
      shm: false,
      mqueue: 0,
      etc: 0,
      sys: 0,
      host: 'zone',
      init: 1,
      processes: 1,
      interfaces: ['lo'],
      env: ['HOME', 'NODE_ENV'],
      files: '1024',
      tmp: ['nodev,noexec,nosuid'],
      kcore: 'openEROFS',
    });
    const plain = await plainContainer(bench, ['/usr/bin/node', '-e', LOOK]);
    const twin = JSON.parse(plain.out) as Record<string, unknown>;
    expect(twin).toMatchObject({
      noNewPrivs: '0',
      seccomp: '0',
      uid: '0',
      root: 'open',
      dev: 'open',
      lib: 'open',
      shm: true,
      tmp: [],
      kcore: 'openopen',
    });
    expect(twin['caps']).not.toBe('0'.repeat(80));
    expect(Number(twin['sys'])).toBeGreaterThan(0);
    expect(Number(twin['etc'])).toBeGreaterThan(0);
    expect((twin['interfaces'] as string[]).length).toBeGreaterThan(1);
  });

  it('runs the honest workload of a zone', async () => {
    const script = `import fs from 'node:fs/promises'; import crypto from 'node:crypto'; import zlib from 'node:zlib'; import { Worker } from 'node:worker_threads'; import os from 'node:os';
      await fs.writeFile('/tmp/a', 'x'); await fs.copyFile('/tmp/a', '/tmp/b'); await fs.rename('/tmp/b', '/tmp/c'); await fs.utimes('/tmp/c', 1, 1); const h = await fs.open('/tmp/c'); await h.sync(); await h.close(); await fs.rm('/tmp/c');
      crypto.scryptSync('a', 'b', 16); crypto.generateKeyPairSync('ed25519'); zlib.brotliDecompressSync(zlib.brotliCompressSync(Buffer.alloc(1e5)));
      await new Promise((resolve, reject) => new Worker('1 + 1', { eval: true }).on('exit', resolve).on('error', reject));
      await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
      const garbage = []; for (let i = 0; i < 5e5; i++) garbage.push({ i }); os.cpus(); os.loadavg(); new Intl.DateTimeFormat('de').format(0);
      await new Promise((resolve) => setTimeout(resolve, 5)); console.log(JSON.stringify('done'));`;
    expect(await evaluate(bench.driver, script)).toBe('done');
  });

  it('passes its own probe, and is stopped by it where a host file is shown', async () => {
    const probe = { kind: 'read', from: join(DIST, 'probe'), to: '/probe' } as const;
    const list = ['--import', '/probe/main.mjs', '-e', 'console.log("ran")'];
    expect(await runDocker(bench.driver, dockerSpec(list, { mounts: [probe] }))).toMatchObject({
      exit: { kind: 'exited', code: 0 },
      out: 'ran\n',
    });
    writeFileSync(join(work.path, 'host'), 'x');
    const shown = { kind: 'read', from: work.path, to: '/home' } as const;
    const open = await runDocker(bench.driver, dockerSpec(list, { mounts: [probe, shown] }));
    expect(open).toMatchObject({ exit: { kind: 'probe_failed' }, out: '' });
    expect(open.err).toContain('`/home` of the host is visible');
  });

  it('tells apart what a program wrote to its two streams, however much', async () => {
    const script = 'process.stdout.write("o".repeat(300000)); process.stderr.write("e".repeat(200000));';
    const { out, err } = await runDocker(bench.driver, dockerSpec(['-e', script]));
    expect([out.length, err.length, out.replaceAll('o', ''), err.replaceAll('e', '')]).toEqual([
      300_000,
      200_000,
      '',
      '',
    ]);
  });

  it('is given the environment of its specification and nothing of ours or of the engine', async () => {
    process.env['HARDSHELL_TEST_SECRET'] = 'leaked';
    const env = { A: 'x=y z', PATH: '/own' };
    expect(await evaluate(bench.driver, 'console.log(JSON.stringify(process.env))', { env })).toEqual({
      ...env,
      HOME: '/',
    });
    delete process.env['HARDSHELL_TEST_SECRET'];
  });
});
