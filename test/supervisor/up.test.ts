import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { identifyProcess } from '../../src/isolation/index.ts';
import { Instance, isRoot, RUNNERS, until } from './support.ts';

describe.each(RUNNERS)('up, run by $who', ({ uid }) => {
  let instance: Instance;
  afterEach(() => instance.close());

  it('makes the home, starts everything, says what to try, and leaves nothing when interrupted', async () => {
    instance = new Instance(uid);
    const { child, said, code } = await instance.up();
    expect(code).toBeNull();
    expect(said()).toContain('first start: made');
    expect(said()).toContain('Hardshell is ready');
    const list = await instance.command('zones', '--json');
    const [executor, ...connectors] = JSON.parse(list.out) as { name: string }[];
    const mode = uid === 0 ? 'F' : 'U';
    expect(executor).toMatchObject({ name: 'zone1-executor', session: null, socket: null, mode, running: true });
    expect(connectors.map(({ name }) => name).sort()).toEqual(['connector-chats', 'connector-maildir']);
    const pids = instance.processes();
    // A marked process for each zone: its program is the first of its own namespace.
    expect(pids.length).toBeGreaterThanOrEqual(3);
    child.kill('SIGINT');
    await until(() => child.exitCode !== null, 'the end of up');
    expect(child.exitCode).toBe(0);
    expect(said()).toContain('stopped; nothing is left running');
    expect(pids.filter((pid) => identifyProcess(pid) !== undefined)).toEqual([]);
    expect(instance.processes()).toEqual([]);
  });

  it('shows the executor its home and its sockets, and neither its own wall nor its keys to write', async () => {
    instance = new Instance(uid);
    await instance.up();
    const log = instance.log('zone1-executor');
    const first = JSON.parse(log.split('\n', 1)[0] ?? '') as { env: object; home: string[] };
    expect(first.env).toEqual({
      HOME: '/tmp',
      NODE_ENV: 'production',
      PWD: '/app',
      HARDSHELL_HOME: '/var/lib/hardshell',
      HARDSHELL_RUN: '/var/lib/hardshell/run',
      HARDSHELL_MODE: uid === 0 ? 'F' : 'U',
      HARDSHELL_DEPLOYMENT: 'checkout',
      HARDSHELL_FIRST_START: '1',
      HARDSHELL_CONFIG_VARIABLES: '{}',
      HARDSHELL_BOOT_ID: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    });
    expect(first.home).toEqual(expect.arrayContaining(['armed', 'audit', 'hardshell.json', 'keys', 'mail', 'run']));
    // Root without capabilities could still write sysctls: it has no /proc at all.
    const proc = uid === 0 ? ['sysctl ENOENT', 'processes ENOENT'] : ['sysctl E', 'processes open'];
    for (const refused of ['ownWall EROFS', 'keys EROFS', 'hostRoot ENOENT', 'mail ENOENT', 'chats ENOENT', ...proc])
      expect(log).toContain(refused);
    expect(existsSync(join(instance.home, 'state.db'))).toBe(true);
  });

  it('hands each connector one connected socket, its own folder and no way to another', async () => {
    instance = new Instance(uid);
    await instance.up();
    const said = (name: string, folder: string): string => `connector says hello ${name}|${folder}|EPERM`;
    for (const line of [said('connector-maildir', 'in,out'), said('connector-chats', 'slack,telegram')])
      await until(() => instance.log('zone1-executor').includes(line), line);
  });

  it('starts once when it is called three times at the same moment on no home', async () => {
    instance = new Instance(uid);
    const runs = await Promise.all([instance.up(), instance.up(), instance.up()]);
    const said = runs.map((run) => run.said());
    expect(said.filter((text) => text.includes('Hardshell is ready'))).toHaveLength(1);
    expect(said.filter((text) => text.includes('Hardshell runs already'))).toHaveLength(2);
    expect(runs.map(({ code }) => code).sort()).toEqual([0, 0, null]);
  });

  it('is harmless when it runs already, and the same home serves again afterwards', async () => {
    instance = new Instance(uid);
    const first = await instance.up();
    const second = await instance.up();
    expect(second.code).toBe(0);
    expect(second.said()).toContain(`Hardshell runs already (process ${first.child.pid})`);
    expect(first.child.exitCode).toBeNull();
    expect((await instance.command('down')).out).toMatch(/^stopped 3 processes/);
    expect(first.child.exitCode ?? 0).toBe(0);
    expect((await instance.command('down')).out).toBe('nothing is running\n');
    const third = await instance.up();
    expect(third.said()).not.toContain('first start');
    expect(third.said()).toContain('Hardshell is ready');
    expect(instance.log('zone1-executor').split('HARDSHELL_FIRST_START')).toHaveLength(2);
  });

  it('starts after a crash of the supervisor, over what the crash left and through no planted link', async () => {
    instance = new Instance(uid);
    const { child } = await instance.up();
    child.kill('SIGKILL');
    await until(() => instance.processes().length === 0, 'the zones to die with their supervisor');
    const bait = join(instance.base, 'bait');
    mkdirSync(bait);
    writeFileSync(join(bait, 'precious'), 'kept');
    symlinkSync(bait, join(instance.paths.run, 'zone2-planner'));
    symlinkSync(join(bait, 'precious'), join(instance.paths.run, 'control', 'control.sock'));
    expect((await instance.up()).said()).toContain('Hardshell is ready');
    expect(readFileSync(join(bait, 'precious'), 'utf8')).toBe('kept');
    expect(existsSync(join(instance.paths.run, 'zone2-planner'))).toBe(false);
  });

  it('keeps sockets where a zone may connect and nobody else may look', async () => {
    instance = new Instance(uid);
    await instance.up();
    const modeOf = (name: string): string => (statSync(join(instance.paths.run, name)).mode & 0o7777).toString(8);
    expect(modeOf('.')).toBe(uid === 0 ? '711' : '700');
    for (const name of ['supervisor', 'control', 'connector-maildir', 'connector-chats'])
      expect(`${name} ${modeOf(name)}`).toBe(`${name} 700`);
    const client = await instance.client();
    const { name } = (await client.request({ type: 'spawn', profile: 'reader-email' })) as { name: string };
    expect(name).toBe('zone3-email-reader.1');
    expect(modeOf(name)).toBe(uid === 0 ? '2750' : '700');
    const stat = statSync(join(instance.paths.run, name));
    if (uid === 0) expect([stat.uid, stat.gid >= 61_002]).toEqual([0, true]);
    client.destroy();
  });
});

describe('up', () => {
  let instance: Instance | undefined;
  afterEach(() => instance?.close());

  it('refuses a home whose record is void, and one of another user', async ({ skip }) => {
    instance = new Instance(isRoot ? 0 : (process.getuid?.() ?? 0));
    const { child } = await instance.up();
    child.kill('SIGTERM');
    await until(() => child.exitCode !== null, 'the end of up');
    writeFileSync(join(instance.home, 'armed'), Buffer.alloc(512));
    const refused = await instance.up();
    expect(refused.code).toBe(1);
    expect(refused.said()).toContain(
      'it was stopped with `hardshell kill`; after looking into it, run `hardshell revive`',
    );
    expect(instance.processes()).toEqual([]);
    skip(!isRoot, 'only root can give a home away');
  });

  it('stops everything within moments when the record is voided by any program', async () => {
    instance = new Instance(process.getuid?.() ?? 0);
    const { child, said } = await instance.up();
    writeFileSync(join(instance.home, 'armed'), Buffer.alloc(512));
    await until(() => child.exitCode !== null, 'the end of up');
    expect(child.exitCode).toBe(1);
    expect(said()).toContain('the armed record is void');
    expect(instance.processes()).toEqual([]);
  });

  it('says what failed when the executor does not start, leaves nothing, and begins anew the next time', async () => {
    instance = new Instance(process.getuid?.() ?? 0);
    const program = join(instance.base, 'dist', 'executor', 'main.mjs');
    const honest = readFileSync(program);
    writeFileSync(program, 'console.error("no policy"); process.exit(7);');
    const { code, said } = await instance.up();
    expect(code).toBe(1);
    expect(said()).toMatch(/the executor ended while it started \(exit code 7\); see `.*zone1-executor\.log`/);
    const aside = readdirSync(instance.base).find((name) => name.startsWith('home.failed-'));
    expect(said()).toContain(`what it had made is in \`${join(instance.base, String(aside))}\``);
    expect(readFileSync(join(instance.base, String(aside), 'logs', 'zone1-executor.log'), 'utf8')).toContain(
      'no policy',
    );
    expect(instance.processes()).toEqual([]);
    writeFileSync(program, honest);
    expect((await instance.up()).said()).toMatch(/first start: made[^]*Hardshell is ready/);
  });

  it('relays the one configured local address to the model, and lets planners ask only through it', async () => {
    const endpoint = createServer((socket) =>
      socket.on('data', (data) => socket.end(`answer to ${String(data)}`)).on('error', () => {}),
    );
    await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
    const address = endpoint.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const served = new Instance(process.getuid?.() ?? 0);
    instance = served;
    const first = await instance.up();
    first.child.kill('SIGTERM');
    await until(() => first.child.exitCode !== null, 'the end of up');
    writeFileSync(
      join(instance.home, 'hardshell.json'),
      `{ models: { local: { baseUrl: 'http://127.0.0.1:${port}/v1', model: 'tiny' } } }`,
    );
    expect((await instance.up()).said()).toContain('Hardshell is ready');
    const client = await instance.client();
    const { name } = (await client.request({ type: 'spawn', profile: 'planner', standing: true })) as { name: string };
    await until(() => existsSync(join(served.paths.run, 'model-bridges', name, 'model.sock')), 'the model to serve it');
    const lines: string[] = [];
    const bridge = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (data) => {
        lines.push(...String(data).trim().split('\n'));
        if (lines.length === 1) socket.write('{"act":"ask","path":"/var/run/zone-bridge/model.sock"}\n');
      });
    });
    const umask = process.umask(0o007);
    bridge.listen(join(instance.paths.run, name, 'zone-bridge.sock'));
    process.umask(umask);
    await until(() => lines.length >= 2, 'the answer of the model');
    expect(JSON.parse(lines[1] ?? '')).toEqual({ said: 'answer to question' });
    bridge.close();
    endpoint.close();
    client.destroy();
  });
});
