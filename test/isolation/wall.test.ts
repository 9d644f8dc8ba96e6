import { closeSync, openSync, readlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBubblewrapDriver, EXIT_PROBE_FAILED, probeWall } from '../../src/isolation/index.ts';
import { evaluateInZone, openBench, runZone, specOf, type Bench, type Ran, type ZoneOverrides } from './support.ts';

describe('what a Node program finds in a zone', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench.close());
  const evaluate = (script: string, overrides = {}): Promise<unknown> =>
    evaluateInZone(bench.driver, script, overrides);

  it('is told its own environment and nothing of ours', async () => {
    process.env['HARDSHELL_TEST_SECRET'] = 'leaked';
    try {
      const env = await evaluate('console.log(JSON.stringify(process.env))');
      expect(env).toEqual({ HOME: '/tmp', NODE_ENV: 'production', PWD: '/tmp' });
      const twin = spawnSync(process.execPath, ['-p', 'process.env.HARDSHELL_TEST_SECRET'], { encoding: 'utf8' });
      expect(twin.stdout.trim()).toBe('leaked');
    } finally {
      delete process.env['HARDSHELL_TEST_SECRET'];
    }
  });

  it('inherits no descriptor that somebody left open, though a plain child does', async () => {
    const script = `import fs from 'node:fs';
      const open = fs.readdirSync('/proc/self/fd').flatMap((fd) => { try { return [fs.readlinkSync('/proc/self/fd/' + fd)]; } catch { return []; } });
      console.log(JSON.stringify(open.filter((target) => target.startsWith('/') && !target.startsWith('/dev/null') && !target.startsWith('/proc'))));`;
    // A shell opens the directory without close-on-exec and becomes us: what `up` sees when a careless parent starts it.
    const leak = openSync('/etc', 'r');
    const twin = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit', leak],
      encoding: 'utf8',
    });
    expect(JSON.parse(twin.stdout)).toEqual(['/etc']);
    const child = spawnSync(process.execPath, [join(import.meta.dirname, 'leaky-parent.ts'), script], {
      // Low ones Node closes by itself at its start; a high one stays open for all children.
      stdio: ['ignore', 'pipe', 'inherit', ...Array.from({ length: 57 }, () => 'ignore' as const), leak],
      encoding: 'utf8',
    });
    closeSync(leak);
    expect(JSON.parse(child.stdout)).toEqual({ inherited: ['/etc'], inZone: [] });
  });

  it('sees itself alone, one host name, no host file and only lo', async () => {
    const found = await evaluate(`import fs from 'node:fs'; import os from 'node:os';
      const there = (path) => fs.existsSync(path);
      console.log(JSON.stringify({
        root: fs.readdirSync('/').sort(),
        host: os.hostname(),
        processes: fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).length,
        there: ['/etc', '/root', '/home', '/sys', '/bin', '/boot', '/usr/bin/env', ${JSON.stringify(import.meta.filename)}].filter(there),
        interfaces: fs.readFileSync('/proc/net/dev', 'utf8').match(/\\w+(?=:)/g),
      }));`);
    expect(found).toEqual({
      root: expect.not.arrayContaining(['etc', 'root', 'home', 'sys', 'bin', 'boot']) as unknown,
      host: 'zone',
      processes: 1,
      there: [],
      interfaces: ['lo'],
    });
  });

  it('reaches no network by any door, though the same program does outside', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).end('hello')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.on('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const script = `import net from 'node:net'; import dgram from 'node:dgram'; import dns from 'node:dns/promises'; import { spawnSync } from 'node:child_process';
      const code = (promise) => promise.then(() => 'open', (error) => error.code ?? 'refused');
      const tcp = (host) => code(new Promise((resolve, reject) => net.connect(${port}, host).on('connect', resolve).on('error', reject)));
      const udp = () => code(new Promise((resolve, reject) => { const s = dgram.createSocket('udp4'); s.on('error', reject); s.send('x', ${port}, '127.0.0.1', (e) => { s.close(); e ? reject(e) : resolve(); }); }));
      const found = { tcp4: await tcp('127.0.0.1'), udp: await udp(), name: await code(dns.lookup('localhost')), shell: spawnSync('/bin/sh', ['-c', 'true']).error?.code ?? 'open' };
      console.log(JSON.stringify(found)); process.exit(0);`;
    try {
      const inside = await evaluate(script);
      for (const answer of Object.values(inside as Record<string, string>)) expect(answer).not.toBe('open');
      const outside = await new Promise((resolve) => {
        void import('node:child_process').then(({ execFile }) =>
          execFile(process.execPath, ['--input-type=module', '-e', script], (_error, stdout) =>
            resolve(JSON.parse(stdout)),
          ),
        );
      });
      expect(outside).toEqual({ tcp4: 'open', udp: 'open', name: 'open', shell: 'open' });
    } finally {
      server.close();
    }
  });

  it('has a temporary directory of bounded size and a read-only rest', async () => {
    const found = await evaluate(`import fs from 'node:fs';
      const code = (act) => { try { act(); return 'open'; } catch (error) { return error.code; } };
      const fd = fs.openSync('/tmp/x', 'w'); let written = 0; const block = Buffer.alloc(1 << 20);
      const full = code(() => { for (;;) written += fs.writeSync(fd, block); });
      console.log(JSON.stringify({ full, mib: written >> 20, root: code(() => fs.writeFileSync('/planted', '')), dev: code(() => fs.writeFileSync('/dev/shm/planted', '')), lib: code(() => fs.writeFileSync('/usr/bin/planted', '')) }));`);
    expect(found).toEqual({ full: 'ENOSPC', mib: 16, root: 'EROFS', dev: 'EROFS', lib: 'EROFS' });
  });

  it('is stopped by its own probe when a wall is missing, and passes behind all of them', async () => {
    const packed = join(import.meta.dirname, '..', '..', 'dist', 'probe');
    const probe = join(packed, 'main.mjs');
    const outside = spawnSync(process.execPath, ['--import', probe, '-e', 'console.log("ran")'], { encoding: 'utf8' });
    expect(outside.status).toBe(EXIT_PROBE_FAILED);
    expect(outside.stdout).toBe('');
    expect(outside.stderr).toContain('`/etc/passwd` of the host is visible');
    expect(outside.stderr).toContain('a TCP socket can be opened');
    expect(outside.stderr).toContain('a UDP socket can be opened');
    const mounts = [{ kind: 'read', from: packed, to: '/probe' } as const];
    const walled = await runZone(
      bench.driver,
      specOf(['--import', '/probe/main.mjs', '-e', 'console.log("ran")'], { mounts }),
    );
    expect(walled).toMatchObject({ exit: { kind: 'exited', code: 0 }, out: 'ran\n' });
    const withHostFile = [...mounts, { kind: 'read', from: '/etc/hostname', to: '/etc/passwd' } as const];
    const open = await runZone(
      bench.driver,
      specOf(['--import', '/probe/main.mjs', '-e', 'console.log("ran")'], { mounts: withHostFile }),
    );
    expect(open).toMatchObject({ exit: { kind: 'probe_failed' }, out: '' });
    expect(await probeWall()).not.toEqual([]);
  });

  it('asks a zone that is the way out nothing of its network, and everything else', async () => {
    const packed = join(import.meta.dirname, '..', '..', 'dist', 'probe');
    const env = { HOME: '/tmp', HARDSHELL_NETWORK: 'host' };
    const started = ['--import', '/probe/main.mjs', '-e', 'console.log("ran")'];
    const mounts = [{ kind: 'read', from: packed, to: '/probe' } as const];
    const run = (more: ZoneOverrides): Promise<Ran> =>
      runZone(bench.driver, { ...specOf(started, { mounts, sockets: 'internet', ...more }), network: 'host' });
    expect(await run({ env })).toMatchObject({ exit: { kind: 'exited', code: 0 }, out: 'ran\n' });
    // The same wall without the word of the supervisor that it is the way out.
    const unnamed = await run({});
    expect(unnamed).toMatchObject({ exit: { kind: 'probe_failed' }, out: '' });
    expect(unnamed.err).toContain('a TCP socket can be opened');
    const withHostFile = [...mounts, { kind: 'read', from: '/etc/hostname', to: '/etc/passwd' } as const];
    const open = await run({ env, mounts: withHostFile });
    expect(open).toMatchObject({ exit: { kind: 'probe_failed' }, out: '' });
    expect(open.err).toContain('`/etc/passwd` of the host is visible');
  });

  it('refuses a wall that does not stand, before the program has run', async () => {
    // Something in the place of bubblewrap that says it walled the zone in and runs it as it is.
    const impostor = join(bench.directory, 'bwrap');
    writeFileSync(impostor, '#!/bin/sh\nprintf \'{ "child-pid": %s }\\n\' $$ >&4\nread x <&5\necho ran\n', {
      mode: 0o755,
    });
    const driver = createBubblewrapDriver({ instance: bench.instance, bwrap: impostor, runtime: () => bench.runtime });
    let said = '';
    const started = driver.create({ ...specOf(['-e', '0']), onOutput: (_stream, chunk) => (said += chunk.toString()) });
    await expect(started).rejects.toThrow(/shares the user, net, pid/);
    expect(said).toBe('');
  });

  it('leaves nothing behind: no process and no namespace of ours', async () => {
    const zone = await bench.driver.create(specOf(['-e', 'setInterval(() => {}, 1e6)']));
    const [, init] = zone.processes;
    expect(readlinkSync(`/proc/${init?.pid}/ns/net`)).not.toBe(readlinkSync('/proc/self/ns/net'));
    await zone.stop();
    expect(await zone.exited).toEqual({ kind: 'killed', outOfMemory: false });
    expect(() => readlinkSync(`/proc/${init?.pid}/ns/net`)).toThrow();
  });
});
