import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { askConnect, readAll, tlsThrough } from './lab/clients.ts';
import { LISTED_443 } from './lab/fixture.ts';
import { Lines } from './lab/lines.ts';
import { isRoot, NET } from './lab/namespaces.ts';
import { LISTED, openWorld, UID, type World } from './lab/world.ts';
import { pack } from '../zone2-planner/pack.ts';

const found = await openWorld();
if (typeof found === 'string') console.log(`egress behind its wall: not run: ${found}`);

describe.skipIf(typeof found === 'string')('egress behind its wall', () => {
  const world = found as World;
  afterAll(() => world.close());

  test('the packed process does its work under its filter, without a file of the host', async () => {
    const root = join(world.directory, 'walled');
    const program = join(root, 'app');
    for (const path of [root, program, ...['l', 's', 'ev', 's/connector-gmail'].map((name) => join(root, name))]) {
      mkdirSync(path);
      if (isRoot) chownSync(path, UID.egress, UID.connector);
      chmodSync(path, 0o2755);
    }
    writeFileSync(join(program, 'main.mjs'), readFileSync(join(await pack('egress'), 'main.mjs')));
    const lists = { v: 1, resolvers: [NET.resolver], clients: [{ client: 'connector-gmail', allow: [LISTED_443] }] };
    writeFileSync(join(root, 'l', 'lists.json'), JSON.stringify(lists));
    await world.say({ [LISTED]: { a: [[NET.listed4]], aaaa: [[NET.listed6]] } });
    const main = join(import.meta.dirname, 'lab', 'walled-main.ts');
    const [first, ...rest] = world.spaces.command('ours', [
      ...[process.execPath, '--disable-warning=ExperimentalWarning', main, root, world.node, program],
      ...(isRoot ? [String(UID.egress)] : []),
    ]);
    const child = spawn(first, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    const [said, log] = [new Lines(child.stdout), new Lines(child.stderr)];
    await said
      .until((line) => line === 'egress: ready')
      .catch((error: unknown) => {
        throw new Error([...said.all, ...log.all].join(' | '), { cause: error });
      });
    const path = join(root, 's', 'connector-gmail', 'egress.sock');
    const socket = await tlsThrough(path, LISTED_443, { ca: world.ca });
    socket.end();
    expect((await readAll(socket)).toString()).toMatch(/^hello/);
    expect(await askConnect(path, 'evil.example:443')).toBe('403 name_not_listed');
    await world.say({ [LISTED]: { a: [[NET.closed4]] } });
    expect(await askConnect(path, `${LISTED}:443`)).toBe('502 connect_failed');
    await world.say({ [LISTED]: { silent: true } });
    expect(await askConnect(path, `${LISTED}:443`)).toBe('504 dns_timeout');
    expect(child.exitCode).toBeNull();
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('close', resolve));
    expect(said.all.filter((line) => line.startsWith('zone'))).not.toContain('zone {"kind":"tampered"}');
  });
});
