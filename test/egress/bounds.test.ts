import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { watchEgress } from '../../src/bridge/index.ts';
import type { EgressClient, EgressEvent } from '../../src/contracts/index.ts';
import { askConnect, rawTunnel, readAll, tlsThrough } from './lab/clients.ts';
import { LISTED_443, withEgress } from './lab/fixture.ts';
import { startEgress } from './lab/world.ts';

const CLIENTS: readonly EgressClient[] = ['connector-gmail', 'connector-slack', 'connector-telegram', 'model', 'stop'];
const LISTS = Object.fromEntries(CLIENTS.map((client) => [client, [LISTED_443]]));
const PER_CLIENT = 32;

await withEgress('bounds', LISTS, (at) => {
  const open = (client: EgressClient, count: number): Promise<Socket[]> =>
    Promise.all(Array.from({ length: count }, () => rawTunnel(at().egress.socketOf(client), LISTED_443)));
  const ask = (client: EgressClient): Promise<string> =>
    askConnect(at().egress.socketOf(client), `${LISTED_443.name}:443`);

  test('one client that opens all it may is told so, others are served, and a closed tunnel makes room', async () => {
    const sockets = await open('connector-gmail', PER_CLIENT);
    expect(await ask('connector-gmail')).toBe('503 too_many_connections');
    const [other] = await open('model', 1);
    other?.destroy();
    for (const socket of sockets) socket.destroy();
    await Promise.all(sockets.map(readAll));
    // The process hears of the closing a moment later.
    let again: Socket | undefined;
    for (let i = 0; i < 50 && again === undefined; i++) {
      [again] = await open('connector-gmail', 1).catch(() => []);
    }
    expect(again?.destroyed).toBe(false);
    again?.destroy();
  });

  test('all clients together are bounded too', async () => {
    const { world } = at();
    const egress = await startEgress(world, LISTS);
    const sockets: Socket[] = [];
    for (const client of CLIENTS.slice(0, 4)) {
      for (let i = 0; i < PER_CLIENT; i++) sockets.push(await rawTunnel(egress.socketOf(client), LISTED_443));
    }
    expect(await askConnect(egress.socketOf('stop'), `${LISTED_443.name}:443`)).toBe('503 too_many_connections');
    for (const socket of sockets) socket.destroy();
    await egress.stop();
  });

  test('what happens is followed over a restart, each event once', async () => {
    const { world } = at();
    const heard: EgressEvent[] = [];
    const stop = new AbortController();
    const first = await startEgress(world, LISTS);
    const watching = watchEgress({
      path: first.eventsSocket,
      onEvents: async (events) => void heard.push(...events),
      onMissed: () => expect.unreachable(),
      signal: stop.signal,
    });
    const until = async (count: number): Promise<void> => {
      for (let i = 0; i < 200 && heard.length < count; i++) await new Promise((resolve) => setTimeout(resolve, 50));
    };
    await askConnect(first.socketOf('model'), 'a.example:443');
    await askConnect(first.socketOf('model'), 'a.example:25');
    await until(2);
    await first.stop();
    const second = await startEgress(world, LISTS, first);
    await askConnect(second.socketOf('stop'), 'b.example:443');
    const socket = await tlsThrough(second.socketOf('stop'), LISTED_443, { ca: world.ca });
    socket.end();
    await readAll(socket);
    await until(5);
    stop.abort();
    await watching;
    expect(heard.map((event) => [event.client, event.kind === 'refused' ? event.reason : event.kind])).toEqual([
      ['model', 'name_not_listed'],
      ['model', 'starttls_port'],
      ['stop', 'name_not_listed'],
      ['stop', 'opened'],
      ['stop', 'closed'],
    ]);
    await second.stop();
  });
});
