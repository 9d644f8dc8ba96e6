import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  connectFrames,
  serveFrames,
  WIRE_CONNECTION_LIMITS,
  type Frame,
  type Listener,
  type ServeOptions,
} from '../../src/bridge/index.ts';

let dir = '';
let listener: Listener | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hs-'));
});
afterEach(async () => {
  await listener?.close();
  listener = undefined;
  rmSync(dir, { recursive: true });
});

async function serve(options: Partial<ServeOptions> = {}): Promise<string> {
  const path = join(dir, 'b.sock');
  listener = await serveFrames({
    path,
    mode: 0o600,
    handle: async (frame) => ({ type: 'echo', got: frame }),
    ...options,
  });
  return path;
}

/** What a raw client is sent until it is cut or `ms` have passed. */
async function raw(
  path: string,
  act: (socket: Socket) => void,
  ms = 500,
): Promise<{ lines: Frame[]; closed: boolean }> {
  const socket = connect(path);
  let text = '';
  let closed = false;
  socket.on('data', (chunk) => (text += chunk.toString()));
  socket.on('error', () => undefined);
  socket.on('close', () => (closed = true));
  await new Promise((resolve) => socket.once('connect', resolve));
  act(socket);
  const until = performance.now() + ms;
  while (!closed && performance.now() < until) await sleep(5);
  socket.destroy();
  return {
    lines: text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Frame),
    closed,
  };
}

describe('requests', () => {
  test('answers carry the id of their request, in any order', async () => {
    const path = await serve({ handle: async ({ ms }) => (await sleep(Number(ms)), { type: 'done', ms }) });
    const { lines } = await raw(
      path,
      (socket) => socket.write('{"type":"a","id":"slow","ms":60}\n{"type":"a","id":"fast","ms":1}\n'),
      300,
    );
    expect(lines.map((line) => line['id'])).toEqual(['fast', 'slow']);
  });

  test('a second request without an id is refused while one is in flight; alone it is answered', async () => {
    const path = await serve({ handle: async () => (await sleep(50), { type: 'done' }) });
    const { lines } = await raw(path, (socket) => socket.write('{"type":"a"}\n{"type":"a"}\n'), 200);
    expect(lines.map((line) => line['type'])).toEqual(['error', 'done']);
    expect(lines[0]).toMatchObject({ error: 'malformed' });
  });

  test('too many in flight are told to wait, over all connections of the zone', async () => {
    const path = await serve({ inFlightMax: 4, handle: async () => (await sleep(100), { type: 'done' }) });
    const one = await connectFrames({ target: { path } });
    const two = await connectFrames({ target: { path } });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? one : two).request({ type: 'a' })),
    );
    expect(answers.filter((answer) => answer['type'] === 'done')).toHaveLength(4);
    expect(answers.filter((answer) => answer['error'] === 'overloaded')).toHaveLength(6);
    expect(await one.request({ type: 'a' })).toMatchObject({ type: 'done' });
    one.destroy();
    two.destroy();
  });

  test('a flood of frames is answered overloaded; an honest rate is not', async () => {
    const path = await serve({ framesPerSecondMax: 50 });
    const client = await connectFrames({ target: { path } });
    const answers: Frame[] = [];
    for (let i = 0; i < 200; i++) answers.push(await client.request({ type: 'a' }));
    expect(answers.filter((answer) => answer['error'] === 'overloaded').length).toBeGreaterThan(50);
    await sleep(1_000);
    expect(await client.request({ type: 'a' })).toMatchObject({ type: 'echo' });
    client.destroy();
  });

  test('an id that is no short string is refused', async () => {
    const path = await serve();
    for (const id of ['7', '{}', 'null', '[]', JSON.stringify('x'.repeat(65))]) {
      const { lines } = await raw(path, (socket) => socket.write(`{"type":"a","id":${id}}\n`), 100);
      expect(lines[0]).toMatchObject({ error: 'malformed' });
    }
    const { lines } = await raw(
      path,
      (socket) => socket.write(`{"type":"a","id":${JSON.stringify('x'.repeat(64))}}\n`),
      100,
    );
    expect(lines[0]).toMatchObject({ type: 'echo', id: 'x'.repeat(64) });
  });

  test('a fault of ours is answered without its words', async () => {
    const faults: unknown[] = [];
    const path = await serve({
      handle: () => Promise.reject(new Error('secret path')),
      onFault: (fault) => faults.push(fault),
    });
    const client = await connectFrames({ target: { path } });
    expect(JSON.stringify(await client.request({ type: 'a' }))).not.toContain('secret');
    expect(faults).toHaveLength(1);
    client.destroy();
  });
});

describe('hostile clients', () => {
  const quick = { ...WIRE_CONNECTION_LIMITS, idleMs: 150, halfFrameMs: 150 };

  test('one that is idle, or sends half a frame slowly, is cut; one that talks is not', async () => {
    const path = await serve({ limits: quick });
    expect((await raw(path, () => undefined, 2_000)).closed).toBe(true);
    const drip = setInterval(() => undefined, 1_000);
    const slow = await raw(
      path,
      (socket) => {
        const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write(' ')), 40);
      },
      2_000,
    );
    clearInterval(drip);
    expect(slow.closed).toBe(true);
    const talking = await raw(
      path,
      (socket) => {
        const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write('{"type":"a"}\n')), 40);
      },
      600,
    );
    expect(talking.closed).toBe(false);
    expect(talking.lines.length).toBeGreaterThan(5);
  });

  test('one that does not read its answers is cut', async () => {
    const path = await serve({
      handle: async () => ({ type: 'big', data: 'x'.repeat(500_000) }),
      limits: { ...quick, idleMs: 5_000, sendBufferBytesMax: 1_000_000 },
    });
    let closed = false;
    const socket = connect(path);
    socket.on('error', () => undefined);
    socket.on('close', () => (closed = true));
    socket.pause();
    for (let i = 0; i < 30; i++) socket.write(`{"type":"a","id":"${i}"}\n`);
    await sleep(300);
    socket.resume();
    await sleep(200);
    expect(closed).toBe(true);
  });

  test('one that sends too much, too deep or no JSON is told so and cut', async () => {
    const path = await serve();
    const big = await raw(path, (socket) => socket.write(Buffer.alloc(1_100_000, 97)), 2_000);
    expect(big).toMatchObject({ closed: true, lines: [{ type: 'error', error: 'too_large' }] });
    const deep = await raw(path, (socket) => socket.write(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}\n`), 2_000);
    expect(deep).toMatchObject({ closed: true, lines: [{ type: 'error', error: 'malformed' }] });
    expect((await raw(path, (socket) => socket.write('hello\n'), 2_000)).closed).toBe(true);
  });

  test('more connections than the limit are not taken; the first ones go on', async () => {
    const path = await serve({ connectionsMax: 2 });
    const clients = await Promise.all([1, 2].map(() => connectFrames({ target: { path } })));
    expect((await raw(path, () => undefined, 1_000)).closed).toBe(true);
    expect(await clients[0]?.request({ type: 'a' })).toMatchObject({ type: 'echo' });
    for (const client of clients) client.destroy();
  });
});

describe('listening', () => {
  test('takes the place of a dead socket, and of nothing else', async () => {
    const path = await serve();
    await listener?.close();
    writeFileSync(join(dir, 'file'), 'x');
    await expect(serveFrames({ path: join(dir, 'file'), mode: 0o600, handle: async () => ({}) })).rejects.toThrow(
      /not a socket/,
    );
    symlinkSync(join(dir, 'file'), join(dir, 'link'));
    await expect(serveFrames({ path: join(dir, 'link'), mode: 0o600, handle: async () => ({}) })).rejects.toThrow(
      /not a socket/,
    );
    listener = await serveFrames({ path, mode: 0o660, handle: async () => ({ type: 'ok' }) });
    expect(statSync(path).mode & 0o777).toBe(0o660);
  });

  test('refuses a path that the system cannot name, with a hint', async () => {
    await expect(
      serveFrames({ path: join(dir, 'x'.repeat(100)), mode: 0o600, handle: async () => ({}) }),
    ).rejects.toThrow(/HARDSHELL_HOME/);
  });
});
