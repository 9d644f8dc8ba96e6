import { request, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type * as z from 'zod';
import { problemAnswer } from './answers.ts';
import { failed } from './failures.ts';

/** Where the engine listens on a machine that nobody changed. */
export const ENGINE_SOCKET = '/var/run/docker.sock';
/** Version 1.41 is Docker 20.10 (Debian 12); newer engines serve it still. */
const API = '/v1.41';
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

export interface EngineCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path and query below the API's version, with every part already encoded. */
  readonly path: string;
  readonly json?: unknown;
  readonly bytes?: AsyncIterable<Buffer>;
  /** 0: as long as it takes. */
  readonly timeoutMs?: number;
}

/** What the engine said: a value of the shape that was asked for, or its refusal. */
export type EngineAnswer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'refused'; readonly status: number; readonly message: string };

/**
 * The Docker engine behind its Unix socket: typed answers, no program of the engine's needed and nothing that a shell
 * could read. Every method throws `isolation_failed` when nobody answers or the answer is not one.
 */
export interface Engine {
  readonly socketPath: string;
  readonly ask: <T>(call: EngineCall, shape: z.ZodType<T>) => Promise<EngineAnswer<T>>;
  /** As `ask`, where a refusal is a failure too. */
  readonly demand: <T>(call: EngineCall, shape: z.ZodType<T>) => Promise<T>;
  /** The raw streams of a container: both ways, framed by `readFrames` on the way out. */
  readonly attach: (id: string, options: { readonly input: boolean }) => Promise<Socket>;
}

export function connectEngine(socketPath: string): Engine {
  const ask: Engine['ask'] = async (call, shape) => {
    const { status, text } = await exchange(socketPath, call);
    if (status >= 300) return { kind: 'refused', status, message: messageOf(text) };
    const parsed = shape.safeParse(text.trim() === '' ? null : parseJson(text));
    if (!parsed.success)
      throw failed(`the Docker engine answered \`${call.path.split('?')[0]}\` in words that we do not know`);
    return { kind: 'ok', value: parsed.data };
  };
  return {
    socketPath,
    ask,
    demand: async (call, shape) => {
      const answer = await ask(call, shape);
      if (answer.kind === 'ok') return answer.value;
      throw failed(`the Docker engine refuses: ${answer.message} (${answer.status})`);
    },
    attach: (id, { input }) => attach(socketPath, id, input),
  };
}

interface Exchanged {
  readonly status: number;
  readonly text: string;
}

function exchange(socketPath: string, call: EngineCall): Promise<Exchanged> {
  const body = call.json === undefined ? undefined : JSON.stringify(call.json);
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(explain(socketPath, error));
    const asked = request(
      {
        socketPath,
        method: call.method,
        path: `${API}${call.path}`,
        agent: false,
        headers: {
          host: 'docker',
          ...(body === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
          ...(call.bytes === undefined ? {} : { 'content-type': 'application/x-tar' }),
        },
      },
      (response) => {
        readAll(response).then((text) => resolve({ status: response.statusCode ?? 500, text }), fail);
      },
    );
    const timeoutMs = call.timeoutMs ?? TIMEOUT_MS;
    if (timeoutMs > 0) asked.setTimeout(timeoutMs, () => asked.destroy(new Error('no answer in time')));
    asked.once('error', fail);
    if (call.bytes === undefined) asked.end(body);
    else pipeline(Readable.from(call.bytes), asked).catch(fail);
  });
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    length += bytes.length;
    if (length > ANSWER_BYTES_MAX) throw new Error('an answer without end');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function attach(socketPath: string, id: string, input: boolean): Promise<Socket> {
  const path = `${API}/containers/${id}/attach?stream=1&stdout=1&stderr=1${input ? '&stdin=1' : ''}`;
  return new Promise((resolve, reject) => {
    const asked = request({
      socketPath,
      method: 'POST',
      path,
      agent: false,
      headers: { host: 'docker', connection: 'Upgrade', upgrade: 'tcp' },
      timeout: TIMEOUT_MS,
    });
    asked.once('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.once('error', (error) => reject(explain(socketPath, error)));
    asked.once('response', (response) => {
      response.resume();
      reject(failed(`the Docker engine does not hand out the streams of a container (${response.statusCode ?? 0})`));
    });
    asked.once('upgrade', (_response, socket: Socket, head: Buffer) => {
      socket.setTimeout(0);
      socket.on('error', () => undefined);
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    asked.end();
  });
}

/** Why nobody answers, in words that say what to do. */
function explain(socketPath: string, error: Error): Error {
  const code = 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return failed(
        `no Docker engine answers on \`${socketPath}\`; start it, or set \`zones.driver\` to \`bubblewrap\``,
        error,
      );
    case 'EACCES':
      return failed(
        `this user may not talk to the Docker engine on \`${socketPath}\`; run as root or set \`zones.driver\` to \`bubblewrap\``,
        error,
      );
    case undefined:
      return failed(`the Docker engine on \`${socketPath}\` gave no answer: ${error.message}`, error);
    default:
      return failed(`the Docker engine on \`${socketPath}\` went away; look at it, then start again`, error);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Progress reports are one object a line: the last one tells how it ended.
    const lines = text.trim().split('\n');
    return lines.map((line): unknown => {
      try {
        return JSON.parse(line);
      } catch {
        return null;
      }
    });
  }
}

function messageOf(text: string): string {
  const parsed = problemAnswer.safeParse(parseJson(text));
  const said = parsed.success ? parsed.data.message : '';
  return (
    said
      .replace(/[^\x20-\x7e]+/g, ' ')
      .trim()
      .slice(0, 300) || 'without a word'
  );
}
