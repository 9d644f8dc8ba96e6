import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { RequestClient } from '../../src/bridge/index.ts';
import { CHANNELS, PROFILE_KINDS, SPAWN_PROFILES, ZONE_PROFILES, type EgressLists } from '../../src/contracts/index.ts';
import { identifyProcess } from '../../src/isolation/index.ts';
import { BACK_OFF_MS, BackOff } from '../../src/supervisor/back-off.ts';
import { DEFAULT_LIMITS, type TablePlaces } from '../../src/supervisor/index.ts';
import { zoneSpec, type Start } from '../../src/supervisor/table.ts';
import { Bridge, spawn } from './bridge.ts';
import { Instance, RUNNERS, until } from './support.ts';

const SID = 's_abcdefghijklmnopqrstuvwxyz';
const PLACES: TablePlaces = {
  home: '/home/ann/h',
  folders: { maildir: '/home/ann/h/mail', chats: '/home/ann/h/chats' },
  deployment: 'checkout',
  accounts: {},
  run: '/run/x',
  runOutsideHome: true,
  model: undefined,
  egress: undefined,
  configVariables: {},
};

function startOf(profile: Start['profile']): Start {
  const limits = DEFAULT_LIMITS[PROFILE_KINDS[profile].kind];
  const own = { name: profile, session: null, ids: undefined, program: '/p', probe: '/q', mode: 'U' } as const;
  return { profile, ...own, limits, firstStart: false, model: true };
}

describe('the table', () => {
  it('shows each connector one folder of the home and no other, and hides all of them from the executor', () => {
    const writable = (profile: Start['profile']): string[] =>
      zoneSpec(startOf(profile), PLACES).mounts.flatMap((mount) => (mount.kind === 'write' ? [mount.from] : []));
    expect(writable('connector-maildir')).toEqual(['/home/ann/h/mail']);
    expect(writable('connector-chats')).toEqual(['/home/ann/h/chats']);
    const hidden = zoneSpec(startOf('executor'), PLACES).mounts.flatMap((mount) =>
      mount.kind === 'tmp' ? [mount.to] : [],
    );
    for (const folder of ['mail', 'chats', 'logs']) expect(hidden).toContain(`/var/lib/hardshell/${folder}`);
  });

  it('lets no connector open a socket, and no reader or connector have more than its kind', () => {
    for (const profile of ZONE_PROFILES) {
      const { kind } = PROFILE_KINDS[profile];
      const spec = zoneSpec(startOf(profile), PLACES);
      if (kind === 'connector') expect([profile, spec.sockets]).toEqual([profile, 'none']);
      if (kind === 'reader') expect([profile, spec.sockets]).toEqual([profile, 'connect']);
      expect(spec.limits).toBe(DEFAULT_LIMITS[kind]);
    }
  });

  it('gives a network to the way out alone, whose places are all read-only but those it listens in', () => {
    const egress = { resolvers: [], clients: [{ client: 'model', allow: [] }] } as const;
    for (const profile of ZONE_PROFILES) {
      const { network, sockets } = zoneSpec(startOf(profile), { ...PLACES, egress });
      const isOut = profile === 'egress';
      expect([profile, network, sockets === 'internet']).toEqual([profile, isOut ? 'host' : 'none', isOut]);
    }
    const { mounts, env, watch, limits } = zoneSpec(startOf('egress'), { ...PLACES, egress });
    expect(mounts.filter(({ kind }) => kind === 'write')).toEqual([
      { kind: 'write', from: '/run/x/egress-bridges/model', to: '/var/run/egress-bridges/model' },
      { kind: 'write', from: '/run/x/egress-events', to: '/var/run/egress-events' },
    ]);
    expect(mounts).toContainEqual({ kind: 'tmp', to: '/tmp', bytesMax: 1_048_576 });
    expect(mounts.map(({ to }) => to).filter((to) => to.startsWith('/etc'))).toEqual([]);
    expect([env['HARDSHELL_NETWORK'], watch]).toEqual(['host', false]);
    expect(limits).toEqual({ memoryBytesMax: 268_435_456, tasksMax: 32, cpus: 1 });
  });

  it('lets a connector find its own socket to the way out when it has a list, and only then open any', () => {
    // No connector of this version has servers to reach: the first that has is treated as this one is here.
    const clients = [{ client: 'connector-chats', allow: [] }] as unknown as EgressLists['clients'];
    const places = { ...PLACES, egress: { resolvers: [], clients } };
    const bridge = { kind: 'read', from: '/run/x/egress-bridges/connector-chats', to: '/var/run/egress-bridge' };
    const [chats, mail] = (['connector-chats', 'connector-maildir'] as const).map((name) =>
      zoneSpec(startOf(name), places),
    );
    expect([chats?.sockets, chats?.mounts]).toEqual(['connect', expect.arrayContaining([bridge])]);
    expect([mail?.sockets, mail?.mounts.some(({ to }) => to.includes('egress'))]).toEqual(['none', false]);
  });

  it('gives all readers the same walls: nothing differs but the channel and the socket', () => {
    const specs = CHANNELS.map((channel) => {
      const { env, mounts, name: _, ...rest } = zoneSpec(startOf(`reader-${channel}`), PLACES);
      expect(env['HARDSHELL_CHANNEL']).toBe(channel);
      return { ...rest, mounts: mounts.map((mount) => ({ ...mount, from: 'own' })) };
    });
    for (const spec of specs) expect(spec).toEqual(specs[0]);
  });
});

describe('the pauses between starts', () => {
  it('double up to a bound for each process by itself, and are forgotten once one has lasted', () => {
    const backOff = new BackOff();
    const waits = Array.from({ length: 8 }, () => backOff.next('connector-chats', 100));
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, BACK_OFF_MS.most, BACK_OFF_MS.most]);
    expect(backOff.next('connector-maildir', 100)).toBe(250);
    expect(backOff.next('connector-chats', BACK_OFF_MS.forgivenAfter + 1)).toBe(250);
    expect(backOff.next('connector-chats', 0)).toBe(500);
  });
});

describe.each(RUNNERS)('readers of every channel, run by $who', ({ uid }) => {
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

  it('are counted by channel, know theirs, and share neither socket nor uid', async () => {
    const client = await open();
    const names: string[] = [];
    for (const channel of [...CHANNELS, 'telegram']) names.push(await spawn(client, { profile: `reader-${channel}` }));
    expect(names).toEqual([
      'zone3-email-reader.1',
      'zone3-telegram-reader.1',
      'zone3-slack-reader.1',
      'zone3-telegram-reader.2',
    ]);
    const uids = new Set<unknown>();
    for (const name of names) {
      const dir = join(instance.paths.run, name);
      const bridge = new Bridge(join(dir, 'zone-bridge.sock'), uid);
      bridges.push(bridge);
      await until(() => bridge.lines.length > 0, `${name} to connect`);
      const channel = /^zone3-(\w+)-reader/.exec(name)?.[1];
      expect(bridge.lines[0]?.['env']).toMatchObject({ HARDSHELL_CHANNEL: channel });
      uids.add(bridge.lines[0]?.['uid']);
      expect(readdirSync(dir)).toEqual(['zone-bridge.sock']);
      if (uid === 0) expect(statSync(dir).gid).toBe(bridge.lines[0]?.['uid']);
    }
    expect(uids.size).toBe(uid === 0 ? 4 : 1);
    client.destroy();
  });

  it('have a log a channel, without a word of what they read', async () => {
    const client = await open();
    for (const channel of CHANNELS) {
      const name = await spawn(client, { profile: `reader-${channel}` });
      const bridge = new Bridge(join(instance.paths.run, name, 'zone-bridge.sock'), uid);
      bridges.push(bridge);
      await bridge.ask({ act: 'crash' });
      await until(() => instance.log(`zone3-${channel}-reader`).includes('TypeError'), `a log of ${channel}`);
      expect(instance.log(`zone3-${channel}-reader`)).not.toContain('1234');
    }
    client.destroy();
  });

  it('are gone with all others when everything is stopped, connectors too', async () => {
    const client = await open();
    for (const profile of SPAWN_PROFILES)
      await spawn(client, profile === 'planner' ? { profile, sid: SID } : { profile });
    const record = JSON.parse(readFileSync(instance.paths.zonesRecord, 'utf8')) as {
      zones: { name: string; processes: { pid: number }[] }[];
    };
    expect(record.zones.map(({ name }) => name.split('.')[0]).sort()).toEqual([
      'connector-chats',
      'connector-maildir',
      'zone1-executor',
      'zone2-planner',
      'zone3-email-reader',
      'zone3-slack-reader',
      'zone3-telegram-reader',
    ]);
    const pids = [...instance.processes(), ...record.zones.flatMap(({ processes }) => processes.map(({ pid }) => pid))];
    expect(await client.request({ type: 'stop_all' })).toMatchObject({ type: 'stopped', zones: 7 });
    expect(pids.filter((pid) => identifyProcess(pid) !== undefined)).toEqual([]);
    expect(instance.processes()).toEqual([]);
    client.destroy();
  });

  it('are beside connectors that die at once, which are started again later each time', async () => {
    instance = new Instance(uid, { connector: 'short-lived' });
    const { said } = await instance.up();
    const waits = (name: string): number[] =>
      [...said().matchAll(new RegExp(`${name} ended \\(.*\\); starting it again in (\\d+) ms`, 'g'))].map(([, ms]) =>
        Number(ms),
      );
    for (const name of ['connector-maildir', 'connector-chats']) {
      await until(() => waits(name).length >= 4, `four deaths of ${name}`);
      expect(waits(name).slice(0, 4)).toEqual([250, 500, 1_000, 2_000]);
    }
  });

  it('leave the others alone when a connector dies: it alone starts again', async () => {
    const client = await open();
    const zonesNow = async (): Promise<{ name: string; pid: number; restarts: number }[]> =>
      (await client.request({ type: 'status' }))['zones'] as { name: string; pid: number; restarts: number }[];
    const before = await zonesNow();
    const pidOf = (zones: typeof before, name: string): number | undefined =>
      zones.find((zone) => zone.name === name)?.pid;
    process.kill(pidOf(before, 'connector-chats') ?? 0, 'SIGKILL');
    await until(
      async () => (await zonesNow()).some(({ name, restarts }) => name === 'connector-chats' && restarts === 1),
      'another connector of chats',
    );
    const after = await zonesNow();
    expect(pidOf(after, 'connector-chats')).not.toBe(pidOf(before, 'connector-chats'));
    for (const name of ['zone1-executor', 'connector-maildir']) expect(pidOf(after, name)).toBe(pidOf(before, name));
    client.destroy();
  });
});
