import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectFrames } from '../../../src/bridge/index.ts';
import { findByGroup, identifyProcess } from '../../../src/isolation/index.ts';
import { instancePaths } from '../../../src/state/index.ts';
import { Instance, until } from '../../e2e/instance.ts';
import { askEngine, NO_ENGINE, startEngine, type TestEngine } from './support.ts';

interface Listed {
  readonly name: string;
  readonly socket: string | null;
  readonly mode: string;
}

describe.skipIf(NO_ENGINE !== undefined)('a whole instance whose readers and planner are containers', () => {
  const instance = new Instance();
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startEngine();
    // A first start makes its own settings.
    await instance.up();
    await instance.interrupt();
    const set = instance.run('config', 'set', 'zones.driver', 'docker', 'zones.engineSocket', engine.socketPath);
    expect(`${set.err}${set.code}`).toBe('0');
  }, 120_000);
  afterAll(async () => {
    await instance.remove();
    await engine.close();
  }, 60_000);

  const { instance: id } = instancePaths(instance.home, 0);
  const containers = async (): Promise<string[]> => {
    const { body } = await askEngine(engine.socketPath, 'GET', '/containers/json?all=1');
    return (JSON.parse(body) as { Names: string[] }[]).flatMap(({ Names }) => Names).sort();
  };
  const zones = (): Listed[] => JSON.parse(instance.run('zone', 'list', '--json').out) as Listed[];
  const inbox = (): { items: number; unhandled: number } =>
    instance.run('status', '--json').json()['inbox'] as { items: number; unhandled: number };

  it('reads mail in a container, answers the ping of a planner in one, and leaves the rest behind bubblewrap', async () => {
    const said = await instance.up();
    expect(said).toContain('isolation  docker containers and bubblewrap, mode R');
    const before = inbox();
    writeFileSync(
      join(instance.home, 'mail', 'in', 'new', 'docker.eml'),
      'From: Ann <ann@example.org>\r\nTo: owner@localhost\r\nSubject: From a container\r\n\r\nShall we meet?\r\n',
    );
    await until(() => {
      const now = inbox();
      return now.items > before.items && now.unhandled === 0;
    }, 60_000);
    const list = instance.run('inbox', 'list', '--json').out;
    expect(list).toContain('From a container');
    const planner = zones().find(({ name }) => name === 'zone2-planner');
    const client = await connectFrames({ target: { path: planner?.socket ?? '' }, retryMs: 5_000 });
    expect(await client.request({ type: 'ping' }, 5_000)).toEqual({ type: 'pong', zone: 'zone2-planner' });
    client.destroy();
    const names = await containers();
    expect(names).toContain(`/hardshell-${id}-zone2-planner`);
    expect(names.some((name) => name.startsWith(`/hardshell-${id}-zone3-email-reader.`))).toBe(true);
    expect(names.filter((name) => !/zone[23]-/.test(name))).toEqual([]);
    expect(new Set(zones().map(({ mode }) => mode))).toEqual(new Set(['R']));
  }, 120_000);

  it('is stopped by `kill` with all its containers, also where the record of processes is damaged', async () => {
    const { zonesRecord } = instancePaths(instance.home, 0);
    const record = JSON.parse(readFileSync(zonesRecord, 'utf8')) as {
      supervisor: { pid: number };
      zones: { name: string; processes: { pid: number }[] }[];
    };
    const inContainers = record.zones
      // Readers come and go; the standing planner stays.
      .filter(({ name }) => name === 'zone2-planner')
      .flatMap(({ processes }) => processes);
    expect(inContainers.length).toBeGreaterThan(0);
    expect(findByGroup(`hardshell-${id}`).map(({ pid }) => pid)).toEqual(
      expect.arrayContaining(inContainers.map(({ pid }) => pid)),
    );
    process.kill(record.supervisor.pid, 'SIGSTOP');
    writeFileSync(zonesRecord, '{"v":1,"zones":"damaged');
    const killed = instance.run('kill', '--json');
    expect(inContainers.filter(({ pid }) => identifyProcess(pid) !== undefined)).toEqual([]);
    expect(killed.code).toBe(0);
    process.kill(record.supervisor.pid, 'SIGCONT');
    await instance.interrupt();
    await until(async () => (await containers()).length === 0, 20_000);
  }, 120_000);

  it('starts nothing where the owner asks for more, or where no engine answers, and says what to do', async () => {
    expect(instance.run('revive', '--yes').code).toBe(0);
    instance.run('config', 'set', 'zones.minimumMode', 'F');
    await expect(instance.up()).rejects.toThrow(/isolation here is mode R, `zones.minimumMode` asks for F/);
    instance.run('config', 'set', 'zones.minimumMode', 'L');
    instance.run('config', 'set', 'zones.engineSocket', '/nowhere/docker.sock');
    await expect(instance.up()).rejects.toThrow(
      /no Docker engine answers on `\/nowhere\/docker.sock`; start it, or set/,
    );
    expect(findByGroup(`hardshell-${id}`)).toEqual([]);
  }, 60_000);
});
