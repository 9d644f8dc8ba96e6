// Runs on our side of the cable: `client.ts SOCKET ADDRESS NAME CA ROUNDS`. Prints one JSON object.
import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { openTunnel } from '../../src/bridge/index.ts';
import { pairs } from '../support/measure.ts';

const [socketPath = '', address = '', name = '', caFile = '', rounds = '30'] = process.argv.slice(2);
const ca = readFileSync(caFile);
const CONNECTIONS = 5;
const CHUNKS = 64;
const CHUNK = Buffer.alloc(262_144, 7);

const direct = (): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connectTcp({ host: address, port: 443 });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
const through = (): Promise<Socket> => openTunnel({ socketPath, name, port: 443 });

/** Milliseconds from nothing to the first byte of the server, in the mean of a few. */
async function first(open: () => Promise<Socket>): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < CONNECTIONS; i++) {
    const secured = connectTls({ socket: await open(), servername: name, ca });
    await new Promise((resolve, reject) => {
      secured.once('data', resolve);
      secured.once('error', reject);
    });
    secured.destroy();
  }
  return (performance.now() - start) / CONNECTIONS;
}

/** MiB a second, sent and echoed. */
async function flow(open: () => Promise<Socket>): Promise<number> {
  const secured = connectTls({ socket: await open(), servername: name, ca });
  await new Promise((resolve) => secured.once('data', resolve));
  const bytes = CHUNKS * CHUNK.length;
  let heard = 0;
  const start = performance.now();
  const done = new Promise<void>((resolve) => {
    secured.on('data', (chunk: Buffer) => {
      heard += chunk.length;
      if (heard >= bytes) resolve();
    });
  });
  for (let i = 0; i < CHUNKS; i++) {
    if (!secured.write(CHUNK)) await new Promise((resolve) => secured.once('drain', resolve));
  }
  await done;
  secured.destroy();
  return bytes / 1_048_576 / ((performance.now() - start) / 1_000);
}

await first(through);
await first(direct);
const opened = await pairs(
  Number(rounds),
  () => first(through),
  () => first(direct),
);
const flowed = await pairs(
  5,
  () => flow(through),
  () => flow(direct),
);
console.log(JSON.stringify({ opened, flowed }));
