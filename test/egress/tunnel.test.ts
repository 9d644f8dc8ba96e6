import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { EGRESS_LIMITS } from '../../src/egress/index.ts';
import { passClientHello, passServerHello } from '../../src/egress/gates.ts';
import { Tunnel } from '../../src/egress/tunnel.ts';
import { captureHello, readAll } from './lab/clients.ts';

const directory = mkdtempSync(join(tmpdir(), 'hs-tunnel-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
let pairsMade = 0;

/** Two connected sockets. */
async function pair(): Promise<[Socket, Socket]> {
  pairsMade += 1;
  const path = join(directory, `${pairsMade}.sock`);
  const server = createServer({ allowHalfOpen: true });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const far = connect({ path, allowHalfOpen: true });
  const near = await accepted;
  server.close();
  return [near, far];
}

async function openTunnel(
  limits: Partial<typeof EGRESS_LIMITS>,
): Promise<{ tunnel: Tunnel; client: Socket; server: Socket }> {
  const [inner, client] = await pair();
  const [outer, server] = await pair();
  const tunnel = new Tunnel(inner, outer, { ...EGRESS_LIMITS, ...limits });
  return { tunnel, client, server };
}

describe('a tunnel', () => {
  test('carries both ways, and the side that ended still hears the other', async () => {
    const { tunnel, client, server } = await openTunnel({});
    tunnel.startInbound();
    tunnel.startOutbound();
    client.end('question');
    server.on('end', () => server.end('answer'));
    server.resume();
    expect((await readAll(client)).toString()).toBe('answer');
    expect(await tunnel.ended).toEqual({ bytesOut: 8, bytesIn: 6, endedBy: 'peers' });
  });

  test('carries nothing of the client before it may', async () => {
    const { tunnel, client, server } = await openTunnel({});
    tunnel.startInbound();
    client.write('too early');
    server.write('greeting');
    await new Promise((resolve) => client.once('data', resolve));
    expect(server.bytesRead).toBe(0);
    const heard = new Promise((resolve) => server.once('data', resolve));
    tunnel.startOutbound();
    expect(String(await heard)).toBe('too early');
    tunnel.cut('stop');
    expect((await tunnel.ended).endedBy).toBe('stop');
  });

  test('is cut when nothing moves, and sooner once a side has ended', async () => {
    const silent = await openTunnel({ idleMs: 50 });
    expect((await silent.tunnel.ended).endedBy).toBe('idle');
    const half = await openTunnel({ idleMs: 600_000, halfClosedIdleMs: 50 });
    half.tunnel.startInbound();
    half.tunnel.startOutbound();
    half.server.resume();
    half.client.end();
    expect((await half.tunnel.ended).endedBy).toBe('idle');
  });

  test('is cut at its bound of bytes, counted both ways', async () => {
    const { tunnel, client, server } = await openTunnel({ tunnelBytesMax: 1_000 });
    for (const socket of [client, server]) socket.on('error', () => undefined).resume();
    tunnel.startInbound();
    tunnel.startOutbound();
    client.write(Buffer.alloc(600));
    server.write(Buffer.alloc(600));
    const ended = await tunnel.ended;
    expect(ended.endedBy).toBe('bytes');
  });

  test('holds a fast sender back while the other side does not read, and loses nothing', async () => {
    const { tunnel, client, server } = await openTunnel({});
    tunnel.startInbound();
    tunnel.startOutbound();
    const bytes = 32 * 1_048_576;
    const block = Buffer.alloc(1_048_576, 1);
    let pushed = 0;
    const push = (): void => {
      while (pushed < bytes) {
        pushed += block.length;
        if (!client.write(block)) return void client.once('drain', push);
      }
      client.end();
    };
    push();
    await new Promise((resolve) => setTimeout(resolve, 300));
    // Buffers of four sockets, and no more.
    expect(client.bytesWritten - client.writableLength).toBeLessThan(8 * 1_048_576);
    let heard = 0;
    server.on('data', (chunk: Buffer) => (heard += chunk.length));
    server.on('end', () => server.end());
    client.resume();
    await tunnel.ended;
    expect(heard).toBe(bytes);
  });

  test('ends both sides when one breaks off', async () => {
    const { tunnel, client, server } = await openTunnel({});
    tunnel.startInbound();
    tunnel.startOutbound();
    server.on('error', () => undefined);
    const gone = readAll(server);
    client.destroy();
    await gone;
    expect(['peers', 'failure']).toContain((await tunnel.ended).endedBy);
  });
});

describe('what the server answers first', () => {
  const limits = { ...EGRESS_LIMITS, serverHelloMs: 100 };

  test.each([
    ['words in the clear', Buffer.from('220 mail.example ESMTP\r\n'), 'server_not_tls'],
    ['another message', Buffer.from([22, 3, 3, 0, 4, 11, 0, 0, 0]), 'server_not_tls'],
    ['too short a hello', Buffer.from([22, 3, 3, 0, 6, 2, 0, 0, 2, 3, 3]), 'server_not_tls'],
    ['nothing at all', Buffer.alloc(0), 'server_timeout'],
    ['half a record', Buffer.from([22, 3, 3, 0, 90, 2, 0]), 'server_timeout'],
  ])('%s ends the tunnel', async (_what, bytes, reason) => {
    const [near, far] = await pair();
    far.write(bytes);
    expect(await passServerHello(near, limits)).toEqual({ ok: false, reason });
    far.destroy();
  });

  test('an alert is handed on, since it is an answer', async () => {
    const [near, far] = await pair();
    far.end(Buffer.from([21, 3, 3, 0, 2, 2, 40]));
    expect(await passServerHello(near, limits)).toMatchObject({ ok: true, retry: false });
    expect(near.read()).toEqual(Buffer.from([21, 3, 3, 0, 2, 2, 40]));
    far.destroy();
  });

  test('a second hello may follow early data, and is read as the first', async () => {
    const hello = await captureHello({ servername: 'a.example' });
    const early = Buffer.concat([Buffer.from([20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 3, 7, 7, 7]), hello]);
    const [near, far] = await pair();
    far.write(early);
    expect(await passClientHello(near, { name: 'a.example', again: true }, EGRESS_LIMITS)).toEqual({
      ok: true,
      bytes: early,
    });
    const [first, sender] = await pair();
    sender.write(early);
    expect(await passClientHello(first, { name: 'a.example', again: false }, EGRESS_LIMITS)).toMatchObject({
      ok: false,
    });
    far.destroy();
    sender.destroy();
  });
});
