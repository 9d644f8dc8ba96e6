import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { instancePaths } from '../../src/state/index.ts';
import { askConnect, readAll, tlsThrough } from '../egress/lab/clients.ts';
import { LISTED_443 } from '../egress/lab/fixture.ts';
import { isRoot, NET } from '../egress/lab/namespaces.ts';
import { LISTED, openWorld, type World } from '../egress/lab/world.ts';
import { inLab, upCommand } from '../supervisor/egress-lab.ts';
import { Instance, until } from './instance.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const STOLEN = 'the-secret-is-1234.attacker.example';
const found = isRoot ? await openWorld() : 'it takes root to give an instance a network of its own';
if (typeof found === 'string') console.log(`what the way out did is in the log: not run: ${found}`);

interface Entry {
  readonly event: string;
  readonly zone: string;
  readonly subject?: string;
  readonly details: Record<string, unknown>;
}

describe.skipIf(typeof found === 'string')('what the way out did', () => {
  const world = found as World;
  const instance = new Instance();
  const paths = instancePaths(instance.home, 0);
  const socket = join(paths.run, 'egress-bridges', 'connector-gmail', 'egress.sock');
  const entries = (): Entry[] =>
    instance
      .run('audit-log', 'show', '--json', '--last', '500')
      .out.split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Entry)
      .filter(({ event }) => event.startsWith('egress_'));
  const count = (event: string): number => entries().filter((entry) => entry.event === event).length;
  const visit = async (): Promise<void> => {
    const secured = await tlsThrough(socket, LISTED_443, { ca: world.ca });
    secured.end();
    await readAll(secured);
  };

  beforeAll(async () => {
    await world.say({ [LISTED]: { a: [[NET.listed4]] } });
    // The first command builds what is not built yet.
    instance.run('--version');
    const clients = [{ client: 'connector-gmail', allow: [LISTED_443] }];
    const checkout = join(import.meta.dirname, '..', '..');
    const [first = '', ...rest] = inLab(world, upCommand(process.execPath, checkout, clients), 0);
    await instance.up([first, ...rest]);
    // Ready is the executor; whoever has a way out tries again until it listens.
    await until(() => existsSync(socket), 20_000);
  });
  afterAll(async () => {
    await instance.remove();
    world.close();
  });

  test('stands in the log, with a hash for a listed name and a length for any other', async () => {
    await visit();
    expect(await askConnect(socket, `${STOLEN}:443`)).toBe('403 name_not_listed');
    await until(() => count('egress_closed') === 1 && count('egress_refused') === 1, 20_000);
    const [opened, closed] = ['egress_opened', 'egress_closed'].map((event) =>
      entries().find((one) => one.event === event),
    );
    expect(opened).toMatchObject({ zone: 'connector', details: { client: 'connector-gmail', port: 443 } });
    expect(opened?.subject).toBeTypeOf('string');
    expect(closed).toMatchObject({ subject: opened?.subject, details: { ended_by: 'peers' } });
    const refused = entries().find(({ event }) => event === 'egress_refused');
    expect(refused?.subject).toBeUndefined();
    expect(refused?.details).toMatchObject({ reason: 'name_not_listed', listed: false, name_chars: STOLEN.length });
    for (const folder of ['audit', 'logs'])
      for (const name of readdirSync(join(instance.home, folder)))
        expect(readFileSync(join(instance.home, folder, name), 'latin1')).not.toContain('1234');
  });

  test('stands in it once, however often the executor and the process itself start again', async () => {
    let refusals = count('egress_refused');
    expect(refusals).toBe(1);
    const zones = (): { name: string; processes: { pid: number }[] }[] =>
      (JSON.parse(readFileSync(paths.zonesRecord, 'utf8')) as { zones: ReturnType<typeof zones> }).zones;
    const pidOf = (name: string): number | undefined =>
      zones()
        .find((zone) => zone.name === name)
        ?.processes.at(-1)?.pid;
    for (const name of ['zone1-executor', 'egress', 'zone1-executor']) {
      const pid = pidOf(name) ?? 0;
      process.kill(pid, 'SIGKILL');
      await until(() => ![undefined, pid].includes(pidOf(name)), 20_000);
      await until(async () => (await askConnect(socket, 'a.example:443').catch(() => '')).startsWith('403'), 20_000);
      // What the process said in its last moment would be lost with it: it is in the log before the next one dies.
      refusals += 1;
      await until(() => count('egress_refused') === refusals, 30_000);
      await until(() => instance.run('zone', 'list', '--json').out.includes('zone2-planner'), 30_000);
    }
    await visit();
    await until(() => count('egress_closed') === 2, 30_000);
    expect(count('egress_opened')).toBe(2);
    const refused = entries().filter(({ event }) => event === 'egress_refused');
    expect(refused.filter(({ details }) => details['name_chars'] === STOLEN.length)).toHaveLength(1);
    expect(refused).toHaveLength(4);
    expect(instance.run('audit-log', 'verify').code).toBe(0);
  });

  test('is done by a zone that is listed with its mode', () => {
    const listed = JSON.parse(instance.run('zone', 'list', '--json').out) as object[];
    expect(listed).toContainEqual({ name: 'egress', session: null, socket: null, mode: 'F', running: true });
  });
});
