import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Upstream {
  readonly directory: string;
  readonly socketPath: string;
  readonly seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];
  /** What chat completions are answered with. */
  answer: (response: ServerResponse, body: string) => void;
  models: object;
  readonly close: () => Promise<void>;
}

/** A model server that does what the test says, on the socket where the relay would be. */
export async function upstreamServer(): Promise<Upstream> {
  const directory = mkdtempSync(join(tmpdir(), 'hs-up-'));
  const socketPath = join(directory, 'relay.sock');
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    upstream.seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
    if (request.url === '/v1/models') json(response, 200, upstream.models);
    else upstream.answer(response, body);
  };
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => {
    server.listen(socketPath, resolve);
  });
  const upstream: Upstream = {
    directory,
    socketPath,
    seen: [],
    answer: (response) => json(response, 200, COMPLETION),
    models: { object: 'list', data: [{ id: 'tiny:latest', object: 'model' }] },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        rmSync(directory, { recursive: true, force: true });
      }),
  };
  return upstream;
}

export function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

export const COMPLETION = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'tiny',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'Hello', refusal: null },
      finish_reason: 'stop',
      logprobs: null,
    },
  ],
};
