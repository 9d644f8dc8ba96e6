import { createServer, type RequestListener, type Server } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { socketFetch } from '../../src/zone2-planner/model/socket-fetch.ts';

let directory: string;
let server: Server | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hs-fetch-'));
});
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(null) : server.close(resolve)));
  server = undefined;
  rmSync(directory, { recursive: true, force: true });
});

async function fetchOver(
  listener: RequestListener,
  limits: { responseBytesMax?: number; idleMs?: number } = {},
): Promise<typeof fetch> {
  const socketPath = join(directory, 'm.sock');
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(socketPath, resolve));
  return socketFetch({ socketPath, responseBytesMax: 10_000, idleMs: 5_000, ...limits });
}

describe('fetch over one socket', () => {
  it('sends method, path, headers and body, and reads status, headers and body', async () => {
    const over = await fetchOver((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
      request.on('end', () => {
        response.writeHead(201, { 'x-seen': `${request.method} ${request.url} ${String(request.headers['x-a'])}` });
        response.end(body);
      });
    });
    const answer = await over('http://anything/v1/x?y=1', { method: 'POST', headers: { 'x-a': 'b' }, body: 'grüße' });
    expect([answer.status, answer.headers.get('x-seen'), await answer.text()]).toEqual([
      201,
      'POST /v1/x?y=1 b',
      'grüße',
    ]);
  });

  it('goes to its socket whatever host the URL names, and follows no redirect', async () => {
    const over = await fetchOver((_request, response) => {
      response.writeHead(302, { location: 'http://127.0.0.1:1/' });
      response.end();
    });
    expect((await over('https://api.openai.com/v1/models')).status).toBe(302);
  });

  it('hands a streamed body on piece by piece', async () => {
    let finish: () => void = () => undefined;
    const over = await fetchOver((_request, response) => {
      response.write('one');
      finish = () => response.end('two');
    });
    const reader = (await over('http://m/')).body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('one');
    finish();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('two');
    expect((await reader?.read())?.done).toBe(true);
  });

  it('fails past its cap, and on a body that breaks off', async () => {
    const over = await fetchOver((request, response) => {
      if (request.url === '/broken') {
        response.writeHead(200, { 'content-length': 100 });
        response.write('part');
        setTimeout(() => response.destroy(), 20);
      } else response.end('x'.repeat(request.url === '/long' ? 10_001 : 10_000));
    });
    await expect((await over('http://m/long')).text()).rejects.toMatchObject({ code: 'too_large' });
    await expect((await over('http://m/broken')).text()).rejects.toThrow();
    expect(await (await over('http://m/')).text()).toHaveLength(10_000);
  });

  it('is aborted before it starts, before the head and within the body', async () => {
    let closed = 0;
    const over = await fetchOver((request, response) => {
      response.once('close', () => (closed += 1));
      if (request.url === '/body') response.write('part');
    });
    await expect(over('http://m/', { signal: AbortSignal.abort(new Error('early')) })).rejects.toThrow('early');
    const waiting = new AbortController();
    const silent = over('http://m/', { signal: waiting.signal });
    setTimeout(() => waiting.abort(new Error('head')), 30);
    await expect(silent).rejects.toThrow('head');
    const talking = new AbortController();
    const answer = await over('http://m/body', { signal: talking.signal });
    talking.abort(new Error('body'));
    await expect(answer.text()).rejects.toThrow();
    await expect.poll(() => closed).toBe(2);
  });

  it('gives up on a silent server, and says when nobody listens', async () => {
    const over = await fetchOver(() => undefined, { idleMs: 50 });
    await expect(over('http://m/')).rejects.toMatchObject({ code: 'unavailable' });
    const nobody = socketFetch({ socketPath: join(directory, 'none.sock'), responseBytesMax: 1, idleMs: 50 });
    await expect(nobody('http://m/')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('sends text bodies only', async () => {
    const over = await fetchOver((_request, response) => response.end());
    await expect(over('http://m/', { method: 'POST', body: new Uint8Array(1) })).rejects.toMatchObject({
      code: 'malformed',
    });
    expect((await over('http://m/', { method: 'POST', body: 'x' })).status).toBe(200);
  });
});
