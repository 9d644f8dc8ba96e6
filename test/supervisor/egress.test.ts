import { spawn as spawnProcess } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { RequestClient } from '../../src/bridge/index.ts';
import { ZONE_UIDS, type ZoneState } from '../../src/contracts/index.ts';
import { identifyProcess } from '../../src/isolation/index.ts';
import { readProcessStatus, ZONE_NAMESPACES } from '../../src/isolation/inspect.ts';
import { attempt } from '../egress/lab/attempts.ts';
import { LISTED_443 } from '../egress/lab/fixture.ts';
import { Lines } from '../egress/lab/lines.ts';
import { NET } from '../egress/lab/namespaces.ts';
import { LISTED, openWorld, type World } from '../egress/lab/world.ts';
import { pack } from '../zone2-planner/pack.ts';
import { Bridge, spawn } from './bridge.ts';
import { inLab, upCommand } from './egress-lab.ts';
import { Instance, isRoot, RUNNERS, until } from './support.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const CLIENTS = [
  { client: 'connector-gmail', allow: [LISTED_443] },
  { client: 'model', allow: [LISTED_443] },
];
const HELLO = { listed: 'hello', unlisted: '403', direct: 'EAFNOSUPPORT', own: 'egress.sock' };

// As an ordinary user there is a network of our own only where we are root of a user namespace, and nobody is root there.
const found = isRoot ? await openWorld() : 'it takes root to give the supervisor a network of its own';
if (typeof found === 'string') console.log(`the way out under the supervisor: not run: ${found}`);

describe.skipIf(typeof found === 'string')('the way out', () => {
  const world = found as World;
  let packed = '';
  let instance: Instance;
  const ended: (() => void)[] = [];
  afterEach(async () => {
    for (const end of ended.splice(0)) end();
    await instance.close();
  });
  afterAll(() => world.close());

  const upWith = async (
    uid: number,
    clients: readonly object[] = CLIENTS,
    text?: string,
  ): Promise<Awaited<ReturnType<Instance['up']>>> => {
    packed ||= await pack('egress');
    await world.say({ [LISTED]: { a: [[NET.listed4]] } });
    const program = join(instance.base, 'dist', 'egress');
    mkdirSync(program, { recursive: true });
    writeFileSync(join(program, 'main.mjs'), text ?? readFileSync(join(packed, 'main.mjs')));
    return instance.upBy(inLab(world, upCommand(instance.node, instance.base, clients), uid));
  };
  const zonesOf = async (client: RequestClient): Promise<ZoneState[]> =>
    (await client.request({ type: 'status' }))['zones'] as ZoneState[];
  const egressOf = async (client: RequestClient): Promise<ZoneState | undefined> =>
    (await zonesOf(client)).find(({ name }) => name === 'egress');
  const at = (...path: string[]): string => join(instance.paths.run, ...path);
  /** Host pid of the program in a zone: the last of the processes that the supervisor wrote down for it. */
  const programOf = (name: string): number => {
    const record = JSON.parse(readFileSync(instance.paths.zonesRecord, 'utf8')) as {
      zones: { name: string; processes: { pid: number }[] }[];
    };
    return record.zones.find((zone) => zone.name === name)?.processes.at(-1)?.pid ?? 0;
  };
  const said = (log: string): Record<string, unknown>[] =>
    instance
      .log(log)
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  describe.each(RUNNERS)('of a supervisor run by $who', ({ uid }) => {
    it('runs behind its wall with its own uid, the lists it was given, and sockets for whom they name', async () => {
      instance = new Instance(uid);
      const { child, said: words } = await upWith(uid);
      expect(words()).toContain('Ctrl-C stops everything');
      await until(() => instance.log('egress').includes('egress: ready'), 'the egress process');
      const client = await instance.client();
      const egress = await egressOf(client);
      expect(egress).toMatchObject({ profile: 'egress', socket: null, mode: uid === 0 ? 'F' : 'U', running: true });
      const pid = programOf('egress');
      const status = readProcessStatus(pid);
      expect(status).toMatchObject({ seccomp: '2', noNewPrivs: '1', capEff: '0000000000000000' });
      const own = status?.uids[0] ?? 0;
      expect(uid === 0 ? own >= ZONE_UIDS.first && own <= ZONE_UIDS.last : own === uid).toBe(true);
      // The proof of the walls at the start tried its wall too, and says what a shared network gives away.
      const { proof, degraded } = await client.request({ type: 'status' });
      expect(proof).toMatchObject({ zones: 8 });
      expect(degraded).toContainEqual(expect.stringMatching(/abstract sockets belong to the network/));
      const proven = (await client.request({ type: 'prove', scope: 'start' }, 60_000))['zones'] as Record<
        string,
        unknown
      >[];
      const tried = proven.find(({ zone }) => zone === 'egress');
      expect(tried).toMatchObject({ held: tried?.['attempts'], open: [], cannot_tell: [] });
      expect(Number(tried?.['attempts'])).toBeGreaterThan(40);
      // The network of its supervisor, and nothing else of it.
      const namespaceOf = (which: number | undefined, name: string): string =>
        readlinkSync(`/proc/${which}/ns/${name}`);
      expect(ZONE_NAMESPACES.filter((name) => namespaceOf(pid, name) === namespaceOf(child.pid, name))).toEqual([
        'net',
      ]);
      expect(JSON.parse(readFileSync(at('egress-lists', 'lists.json'), 'utf8'))).toEqual({
        ...{ v: 1, resolvers: [NET.resolver], clients: CLIENTS },
      });
      const [mode, fileMode] = uid === 0 ? [0o2750, 0o640] : [0o700, 0o640];
      const modeOf = (...path: string[]): number => statSync(at(...path)).mode & 0o7777;
      expect(modeOf('egress-lists', 'lists.json')).toBe(fileMode);
      for (const path of [['egress-bridges', 'connector-gmail'], ['egress-bridges', 'model'], ['egress-events']]) {
        expect([path, modeOf(...path), statSync(at(...path)).uid]).toEqual([path, mode, uid === 0 ? own : uid]);
      }
      expect(JSON.parse((await instance.command('zones', '--json')).out)).toContainEqual({
        ...{ name: 'egress', session: null, socket: null, mode: uid === 0 ? 'F' : 'U', running: true },
      });
      client.destroy();
    });

    it('is the only one with a network: a reader, a planner and the executor reach nothing that its uid reaches', async () => {
      instance = new Instance(uid);
      await upWith(uid);
      const client = await instance.client();
      const own = readProcessStatus(programOf('egress'))?.uids[0] ?? 0;
      const server = { host: NET.listed4, port: 443 };
      // What is refused below works with the same uid outside every wall.
      expect(await attempt(world, own, [{ kind: 'tcp', to: server.host, port: server.port }])).toEqual(['passed']);
      for (const what of [{ profile: 'reader-email' }, { profile: 'planner', standing: true }]) {
        const name = await spawn(client, what);
        const bridge = new Bridge(at(name, 'zone-bridge.sock'), uid);
        ended.push(() => bridge.close());
        expect(await bridge.ask({ act: 'tcp', ...server })).toEqual({ got: 'EAFNOSUPPORT' });
      }
      await until(() => instance.log('zone1-executor').includes('told {'), 'an answer of the egress process');
      // It hears what happened; the lists are not its to write, nor the sockets of others its to use.
      for (const line of [
        'lists EROFS',
        'bridges []',
        'events EROFS',
        'network EAFNOSUPPORT',
        '"type":"egress_events"',
      ])
        expect(instance.log('zone1-executor')).toContain(line);
      client.destroy();
    });

    it('carries what its clients may reach, over its own death, and is gone with all the others', async () => {
      instance = new Instance(uid, { model: 'tunnel' });
      const first = await instance.up();
      first.child.kill('SIGTERM');
      await until(() => first.child.exitCode !== null, 'the end of the first start');
      writeFileSync(
        join(instance.home, 'hardshell.json'),
        `{ models: { local: { baseUrl: 'http://127.0.0.1:9/v1', model: 'tiny' } } }`,
      );
      const { child, said: words } = await upWith(uid);
      const tunnels = (): Record<string, unknown>[] => said('model').filter(({ listed }) => listed === 'hello');
      await until(() => tunnels().length > 0, 'a tunnel').catch((error: unknown) => {
        throw new Error(`${words()} ${instance.log('model')} ${instance.log('egress')}`, { cause: error });
      });
      expect(tunnels()[0]).toMatchObject({ ...HELLO, others: ['ENOENT', 'ENOENT', 'ENOENT'] });
      const client = await instance.client();
      const before = await egressOf(client);
      process.kill(before?.pid ?? 0, 'SIGKILL');
      await until(async () => (await egressOf(client))?.restarts === 1, 'another egress process');
      const sofar = tunnels().length;
      // The process that asks was not started again: it finds the new one where the old one was.
      await until(() => tunnels().length > sofar + 2, 'another tunnel');
      const zones = await zonesOf(client);
      expect(zones.filter(({ restarts }) => restarts > 0).map(({ name }) => name)).toEqual(['egress']);
      expect(words()).toMatch(/egress ended \(killed\); starting it again in 250 ms/);
      const pids = zones.map(({ pid }) => pid ?? 0);
      expect(await client.request({ type: 'stop_all' })).toMatchObject({ type: 'stopped', zones: pids.length });
      expect(pids.filter((pid) => identifyProcess(pid) !== undefined)).toEqual([]);
      client.destroy();
      await until(() => child.exitCode !== null, 'the end of up');
    });

    it('stops everything when it made a call that no honest program makes', async () => {
      instance = new Instance(uid);
      packed ||= await pack('egress');
      const { child, said: words } = await upWith(uid, CLIENTS, 'setTimeout(() => process.exit(159), 1_000);');
      await until(() => child.exitCode !== null, 'the end of up');
      expect(child.exitCode).toBe(1);
      expect(words()).toContain('egress made a call that no honest program makes: everything is stopped');
      expect(instance.processes()).toEqual([]);
    });

    it('ends with `kill`, as everything does', async () => {
      instance = new Instance(uid);
      await upWith(uid);
      const client = await instance.client();
      const pid = (await egressOf(client))?.pid ?? 0;
      client.destroy();
      expect((await instance.command('kill')).code).toBe(0);
      expect(identifyProcess(pid)).toBeUndefined();
      expect(instance.processes()).toEqual([]);
    });

    it('is not started where nobody has a list, and nobody finds a place of it', async () => {
      instance = new Instance(uid);
      await upWith(uid, []);
      const client = await instance.client();
      expect((await zonesOf(client)).map(({ name }) => name).sort()).toEqual([
        ...['connector-chats', 'connector-maildir', 'zone1-executor'],
      ]);
      for (const name of ['egress-lists', 'egress-bridges', 'egress-events']) expect(existsSync(at(name))).toBe(false);
      expect(instance.log('zone1-executor')).not.toContain('HARDSHELL_EGRESS');
      client.destroy();
    });

    it('is found by a connector that has a list: its own socket, and none of another', async () => {
      instance = new Instance(uid);
      await upWith(uid);
      const root = join(instance.base, 'connector');
      for (const path of [
        root,
        ...['run', 'run/egress-bridges', 'folder', 'program', 'probe'].map((name) => join(root, name)),
      ]) {
        mkdirSync(path);
        chmodSync(path, 0o777);
      }
      symlinkSync(at('egress-bridges', 'connector-gmail'), join(root, 'run', 'egress-bridges', 'connector-chats'));
      copyFileSync(join(import.meta.dirname, 'programs', 'tunnel.mjs'), join(root, 'program', 'main.mjs'));
      writeFileSync(join(root, 'probe', 'main.mjs'), '');
      const main = join(import.meta.dirname, 'walled-connector.ts');
      const [first = '', ...rest] = inLab(
        world,
        [
          ...[instance.node, '--disable-warning=ExperimentalWarning', main],
          ...['run', 'folder', 'program', 'probe'].map((name) => join(root, name)),
        ],
        uid,
      );
      const child = spawnProcess(first, rest, { stdio: ['ignore', 'pipe', 'inherit'], cwd: '/' });
      ended.push(() => child.kill('SIGTERM'));
      const lines = new Lines(child.stdout);
      const line = await lines.until((one) => one.startsWith('{'));
      expect(JSON.parse(line)).toMatchObject({ ...HELLO, others: ['ENOENT', 'ENOENT', 'ENOENT'] });
    });
  });
});
