import { chownSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { RequestClient } from '../../src/bridge/index.ts';
import type { ZoneEvent } from '../../src/contracts/index.ts';
import { Bridge, spawn } from './bridge.ts';
import { Instance, RUNNERS, until } from './support.ts';

const SID = 's_abcdefghijklmnopqrstuvwxyz';

const events = async (client: RequestClient, name: string): Promise<ZoneEvent[]> => {
  const answer = await client.request({ type: 'watch', after: 0, wait_ms: 0 });
  return (answer['events'] as ZoneEvent[]).filter((event) => event.name === name);
};
const endOf = async (client: RequestClient, name: string): Promise<ZoneEvent | undefined> => {
  await until(async () => (await events(client, name)).length === 2, `the end of ${name}`);
  return (await events(client, name))[1];
};

describe.each(RUNNERS)('zones of a supervisor run by $who', ({ uid }) => {
  let instance: Instance;
  const bridges: Bridge[] = [];
  afterEach(() => {
    for (const bridge of bridges.splice(0)) bridge.close();
    return instance.close();
  });
  const open = async (): Promise<RequestClient> => {
    instance = new Instance(uid);
    await instance.up();
    return instance.client();
  };
  const bridgeOf = (name: string): Bridge => {
    const bridge = new Bridge(join(instance.paths.run, name, 'zone-bridge.sock'), uid);
    bridges.push(bridge);
    return bridge;
  };

  it('have the names of the design, their own sockets and nothing in their environment', async () => {
    const client = await open();
    const names = [
      await spawn(client, { profile: 'planner', sid: SID, standing: true }),
      await spawn(client, { profile: 'planner', sid: SID }),
      await spawn(client, { profile: 'reader-email' }),
    ];
    expect(names).toEqual(['zone2-planner', `zone2-planner.${SID}`, 'zone3-email-reader.1']);
    const uids: unknown[] = [];
    for (const name of names) {
      const bridge = bridgeOf(name);
      await until(() => bridge.lines.length > 0, `${name} to connect`);
      const env = bridge.lines[0]?.['env'];
      const own = name.startsWith('zone2')
        ? {
            HARDSHELL_TEMPLATES: '/var/run/zone-bridge/templates',
            ...(name === 'zone2-planner' ? { HARDSHELL_ORIGIN: 'standing' } : {}),
          }
        : { HARDSHELL_CHANNEL: 'email' };
      expect(env).toEqual({
        HOME: '/tmp',
        NODE_ENV: 'production',
        PWD: '/app',
        HARDSHELL_BRIDGE_SOCKET: '/var/run/zone-bridge/zone-bridge.sock',
        ...own,
      });
      uids.push(bridge.lines[0]?.['uid']);
    }
    // As root no two have the same uid, and none has ours.
    expect(new Set(uids).size).toBe(uid === 0 ? 3 : 1);
    if (uid === 0) expect(uids.every((one) => Number(one) >= 61_002)).toBe(true);
    expect(JSON.parse((await instance.command('zones', '--json')).out)).toEqual(
      expect.arrayContaining([
        {
          name: 'zone2-planner',
          session: SID,
          socket: join(instance.paths.run, 'zone2-planner', 'zone-bridge.sock'),
          mode: uid === 0 ? 'F' : 'U',
          running: true,
        },
      ]),
    );
    client.destroy();
  });

  it('read their own bridge and templates, and nothing else of the machine', async () => {
    instance = new Instance(uid);
    const first = await instance.up();
    first.child.kill('SIGTERM');
    await until(() => first.child.exitCode !== null, 'the end of up');
    const template = join(instance.home, 'templates', 'question.txt');
    writeFileSync(template, 'Dear {name}', { mode: 0o600 });
    chownSync(template, uid, uid);
    await instance.up();
    const client = await instance.client();
    const bridge = bridgeOf(await spawn(client, { profile: 'planner', standing: true }));
    expect(await bridge.ask({ act: 'read', path: '/var/run/zone-bridge/templates/question.txt' })).toEqual({
      bytes: 11,
    });
    expect(await bridge.ask({ act: 'read', path: '/app/main.mjs' })).toHaveProperty('bytes');
    for (const path of ['/etc/passwd', '/proc/self/environ', '/proc/1/environ', `${instance.home}/armed`]) {
      expect(await bridge.ask({ act: 'read', path })).toEqual({ error: 'ERR_ACCESS_DENIED' });
    }
    for (const path of ['/app/planted', '/tmp/planted', '/var/run/zone-bridge/planted']) {
      expect(await bridge.ask({ act: 'plant', path })).toEqual({ error: 'ERR_ACCESS_DENIED' });
    }
    client.destroy();
  });

  it('end with an event that says how, and free their name and directory', async () => {
    const client = await open();
    const ends: [number, Partial<ZoneEvent>][] = [
      [0, { kind: 'exited', code: 0 }],
      [7, { kind: 'exited', code: 7 }],
      // What the supervisor sees when the filter ends a zone.
      [159, { kind: 'tampered', code: null }],
    ];
    for (const [code, expected] of ends) {
      const name = await spawn(client, { profile: 'planner', sid: SID });
      const bridge = bridgeOf(name);
      await bridge.ask({ act: 'read', path: '/app/main.mjs' });
      bridge.tell({ act: 'exit', code });
      await until(async () => (await events(client, name)).length % 2 === 0, `the end of ${name}`);
      expect((await events(client, name)).at(-1)).toMatchObject(expected);
      bridge.close();
    }
    const name = await spawn(client, { profile: 'reader-email' });
    expect(await client.request({ type: 'stop_zone', name })).toMatchObject({ type: 'stopped', zones: 1 });
    expect(await endOf(client, name)).toMatchObject({ kind: 'stopped' });
    expect(await client.request({ type: 'stop_zone', name })).toMatchObject({ type: 'stopped', zones: 0 });
    client.destroy();
  });

  it('leave no word of what they read in any log', async () => {
    const client = await open();
    const name = await spawn(client, { profile: 'reader-email' });
    const bridge = bridgeOf(name);
    await bridge.ask({ act: 'crash' });
    await endOf(client, name);
    const log = instance.log('zone3-email-reader');
    expect(log).toMatch(/^TypeError$/m);
    expect(log).toMatch(/at main\.mjs:\d+:\d+/);
    expect(log).not.toContain('1234');
    client.destroy();
  });

  it('cannot be asked for by a path, an argument, a foreign profile or a crooked session', async () => {
    const client = await open();
    const refused = [
      { profile: 'executor' },
      { profile: 'connector-maildir' },
      { profile: 'connector-chats' },
      { profile: 'reader-sms' },
      { profile: 'reader-email', argv: ['--inspect'] },
      { profile: 'planner', sid: '../../etc' },
      { profile: 'planner', sid: `${SID}/x` },
      { profile: 'planner', sid: SID.toUpperCase() },
      { profile: 'planner', sid: SID, env: { NODE_OPTIONS: '--inspect' } },
      { profile: '__proto__' },
    ];
    for (const what of refused)
      expect(await client.request({ type: 'spawn', ...what })).toMatchObject({ type: 'error', error: 'malformed' });
    expect(await client.request({ type: 'spawn', profile: 'planner' })).toMatchObject({ type: 'error' });
    expect(await client.request({ type: 'toString' })).toMatchObject({ type: 'error', error: 'malformed' });
    expect(await client.request({ type: 'stop_zone', name: '../supervisor' })).toMatchObject({
      type: 'error',
      error: 'malformed',
    });
    expect(await client.request({ type: 'spawn', profile: 'planner', sid: SID })).toMatchObject({ type: 'spawned' });
    expect(await client.request({ type: 'spawn', profile: 'planner', sid: SID })).toMatchObject({
      error: 'unavailable',
    });
    client.destroy();
  });

  it('are stopped with their executor, which starts again and serves', async () => {
    const client = await open();
    const name = await spawn(client, { profile: 'reader-email' });
    const executorOf = async (): Promise<{ pid: number; restarts: number } | undefined> => {
      const { zones, ready } = (await client.request({ type: 'status' })) as unknown as {
        zones: { name: string; pid: number; restarts: number }[];
        ready: boolean;
      };
      return ready ? zones.find((zone) => zone.name === 'zone1-executor') : undefined;
    };
    const connectors = (name: string): number =>
      instance.log('zone1-executor').split(`connector says hello connector-${name}|`).length - 1;
    const CONNECTORS = ['maildir', 'chats'];
    await until(() => CONNECTORS.every((name) => connectors(name) === 1), 'the first connectors');
    const before = await executorOf();
    process.kill(before?.pid ?? 0, 'SIGKILL');
    await until(async () => ((await executorOf())?.restarts ?? 0) === 1, 'another executor');
    expect((await executorOf())?.pid).not.toBe(before?.pid);
    expect(await endOf(client, name)).toMatchObject({ kind: 'stopped' });
    await until(() => CONNECTORS.every((name) => connectors(name) === 2), 'other connectors');
    client.destroy();
  });

  it('stop altogether when the executor itself made a call that no honest program makes', async () => {
    instance = new Instance(uid);
    const { child, said } = await instance.up();
    writeFileSync(join(instance.home, 'end-executor'), '159');
    await until(() => child.exitCode !== null, 'the end of up');
    expect(child.exitCode).toBe(1);
    expect(said()).toContain('executor made a call that no honest program makes: everything is stopped');
    expect(instance.processes()).toEqual([]);
    expect(readFileSync(join(instance.home, 'armed'))).not.toEqual(Buffer.alloc(512));
  });
});
