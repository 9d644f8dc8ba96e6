import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  MODEL_LIMITS,
  serveModel,
  watchSockets,
  type ModelLimits,
  type ModelListener,
} from '../../src/models/index.ts';
import { COMPLETION, json, upstreamServer, type Upstream } from './upstream-server.ts';

let upstream: Upstream;
let directory: string;
let listener: ModelListener | undefined;
let events: string[];
beforeEach(async () => {
  upstream = await upstreamServer();
  directory = mkdtempSync(join(tmpdir(), 'hs-model-'));
  events = [];
});
afterEach(async () => {
  await listener?.close();
  listener = undefined;
  await upstream.close();
  rmSync(directory, { recursive: true, force: true });
});

const path = (): string => join(directory, 'model.sock');
async function serve(limits: Partial<ModelLimits> = {}, model: string | null = null): Promise<void> {
  const pool = { kind: 'local', socketPath: upstream.socketPath, basePath: '/v1', model } as const;
  const onEvent = (event: string): number => events.push(event);
  listener = await serveModel({ path: path(), mode: 0o660, pool, limits: { ...MODEL_LIMITS, ...limits }, onEvent });
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
}
function call(method: string, url: string, body?: string, socketPath = path()): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { socketPath, method, path: url, headers: body === undefined ? {} : { 'content-type': 'application/json' } },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
        response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
        response.once('error', reject);
      },
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
const chat = (body: object = {}): Promise<Answer> =>
  call('POST', '/v1/chat/completions', JSON.stringify({ messages: [{ role: 'user', content: 'Hi' }], ...body }));
const codeOf = (answer: Answer): unknown => (JSON.parse(answer.text) as { error: { code: unknown } }).error.code;

describe('the model endpoint of a session', () => {
  it('answers a call with the pool’s model, and tells the model server nothing about the zone', async () => {
    await serve();
    const answer = await call(
      'POST',
      '/v1/chat/completions',
      JSON.stringify({ model: 'x', messages: [{ role: 'user', content: 'Hi' }], store: true }),
    );
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, COMPLETION]);
    expect(answer.headers['x-hardshell-dropped']).toBe('store');
    const sent = upstream.seen.at(-1);
    expect(JSON.parse(sent?.body ?? '')).toEqual({
      model: 'tiny:latest',
      messages: [{ role: 'user', content: 'Hi' }],
      max_tokens: 2_048,
    });
    expect(Object.keys(sent?.headers ?? {}).sort()).toEqual([
      'accept',
      'connection',
      'content-length',
      'content-type',
      'host',
    ]);
    expect(events).toEqual(['call']);
  });

  it('streams', async () => {
    await serve();
    upstream.answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'set-cookie': 'a=b' });
      response.write('data: {"choices":[]}\n\n');
      setTimeout(() => response.end('data: [DONE]\n\n'), 20);
    };
    const answer = await chat({ stream: true });
    expect(answer.text).toBe('data: {"choices":[]}\n\ndata: [DONE]\n\n');
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('lists the one model, and is 404 for everything else', async () => {
    await serve({}, 'tiny');
    expect(JSON.parse((await call('GET', '/v1/models')).text)).toMatchObject({
      object: 'list',
      data: [{ id: 'tiny:latest' }],
    });
    const before = upstream.seen.length;
    for (const [method, url] of [
      ['GET', '/v1/files'],
      ['POST', '/v1/responses'],
      ['POST', '/v1/embeddings'],
      ['DELETE', '/v1/models/tiny'],
      ['POST', '/api/pull'],
      ['GET', '/v1/models/../files'],
      ['POST', '/v1/chat/completions?x=1'],
      ['GET', 'http://evil.example/v1/models'],
    ] as const) {
      expect((await call(method, url, method === 'POST' ? '{}' : undefined)).status).toBe(404);
    }
    expect(upstream.seen.length).toBe(before);
  });

  it('is 503 when the configured model is not there, or nobody answers', async () => {
    await serve({}, 'llama9');
    expect((await chat()).status).toBe(503);
    await upstream.close();
    expect((await chat()).status).toBe(503);
    upstream = await upstreamServer();
  });

  it('refuses a body that is too large, too deep, no JSON or no JSON type', async () => {
    await serve();
    expect((await chat({ messages: [{ role: 'user', content: 'x'.repeat(1_100_000) }] })).status).toBe(413);
    expect((await call('POST', '/v1/chat/completions', '['.repeat(50_000))).status).toBe(400);
    expect(
      (await call('POST', '/v1/chat/completions', `{"messages":${'[{"a":'.repeat(40)}1${'}]'.repeat(40)}}`)).status,
    ).toBe(400);
    expect((await call('POST', '/v1/chat/completions', '{')).status).toBe(400);
    expect(
      (
        await call(
          'POST',
          '/v1/chat/completions',
          '{\n  "messages": [\n    {"role": "user", "content": "a\\nb"}\n  ]\n}\n',
        )
      ).status,
    ).toBe(200);
  });

  it('cuts an answer that is too long, streamed or not', async () => {
    await serve({ responseBytesMax: 10_000 });
    upstream.answer = (response) => json(response, 200, { text: 'x'.repeat(20_000) });
    expect((await chat()).status).toBe(502);
    upstream.answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(`data: ${'x'.repeat(20_000)}\n\n`);
    };
    await expect(chat({ stream: true })).rejects.toThrow();
  });

  it('hands on no other type of answer and no page of the model server', async () => {
    await serve();
    upstream.answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<script>1</script>');
    };
    expect(await chat()).toMatchObject({ status: 502 });
    upstream.answer = (response) =>
      json(response, 400, { error: { message: 'model\u001b[2J does not support tools' } });
    const refusal = await chat();
    expect([refusal.status, codeOf(refusal)]).toEqual([400, 'model_refused']);
    expect(refusal.text).not.toContain('\\u001b');
  });

  it('gives up on a silent model and takes two calls at a time', async () => {
    await serve({ totalMs: 300 });
    upstream.answer = () => undefined;
    const answers = await Promise.all([chat(), chat(), chat()].map((each) => each.catch(() => ({ status: 0 }))));
    const statuses = answers.map(({ status }) => status);
    expect([statuses.filter((each) => each === 429).length, statuses.filter((each) => each === 503).length]).toEqual([
      1, 2,
    ]);
    upstream.answer = (response) => json(response, 200, COMPLETION);
    expect((await chat()).status).toBe(200);
  });

  it('ends the model’s work when the zone hangs up', async () => {
    await serve();
    const ended = new Promise<void>((resolve) => {
      upstream.answer = (response) => void response.once('close', () => resolve());
    });
    const socket = connect(path());
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'Hi' }] });
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await expect.poll(() => upstream.seen.length).toBe(2);
    socket.destroy();
    await ended;
    expect(upstream.seen.at(-1)?.url).toBe('/v1/chat/completions');
  });
});

describe('the sockets of sessions', () => {
  const watchAll = (): ReturnType<typeof watchSockets> => {
    const pool = { kind: 'local', socketPath: upstream.socketPath, basePath: '/v1', model: null } as const;
    return watchSockets({
      root: directory,
      pollMs: 50,
      pool,
      limits: MODEL_LIMITS,
      onEvent: (event) => events.push(event),
    });
  };
  const answers = async (name: string): Promise<number> =>
    await call('GET', '/v1/models', undefined, join(directory, name, 'model.sock')).then(
      ({ status }) => status,
      () => 0,
    );

  it('appear with a session’s directory, go with it, and come back when it is made anew', async () => {
    mkdirSync(join(directory, 'zone2-planner'));
    const watching = watchAll();
    await expect.poll(() => answers('zone2-planner')).toBe(200);
    expect(statSync(join(directory, 'zone2-planner', 'model.sock')).mode & 0o777).toBe(0o660);
    mkdirSync(join(directory, 'zone2-planner.s_1'));
    await expect.poll(() => answers('zone2-planner.s_1')).toBe(200);
    for (let round = 0; round < 3; round += 1) {
      rmSync(join(directory, 'zone2-planner.s_1'), { recursive: true });
      mkdirSync(join(directory, 'zone2-planner.s_1'));
      await expect.poll(() => answers('zone2-planner.s_1'), { timeout: 3_000 }).toBe(200);
    }
    rmSync(join(directory, 'zone2-planner.s_1'), { recursive: true });
    await expect.poll(() => watching.served()).toEqual(['zone2-planner']);
    await watching.close();
    expect(existsSync(join(directory, 'zone2-planner', 'model.sock'))).toBe(false);
  });

  it('are made in no linked directory and over no file', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'hs-else-'));
    symlinkSync(elsewhere, join(directory, 'linked'));
    mkdirSync(join(directory, 'planted'));
    writeFileSync(join(directory, 'planted', 'model.sock'), 'mine');
    mkdirSync(join(directory, 'honest'));
    const watching = watchAll();
    await expect.poll(() => answers('honest')).toBe(200);
    await expect.poll(() => events).toContain('home_unsafe');
    expect(existsSync(join(elsewhere, 'model.sock'))).toBe(false);
    expect(statSync(join(directory, 'planted', 'model.sock')).isFile()).toBe(true);
    // What was in the way is gone: the session gets its socket without anybody saying so.
    rmSync(join(directory, 'planted', 'model.sock'));
    await expect.poll(() => answers('planted'), { timeout: 3_000 }).toBe(200);
    expect(events.filter((event) => event === 'home_unsafe')).toHaveLength(1);
    await watching.close();
    rmSync(elsewhere, { recursive: true });
  });
});
