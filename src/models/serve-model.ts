import { lstatSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Transform } from 'node:stream';
import { withSocketMode } from '../bridge/index.ts';
import { HardshellError } from '../contracts/index.ts';
import { parseChatRequest } from './chat-request.ts';
import { parseJsonBody } from './json-body.ts';
import type { ModelLimits } from './model-limits.ts';
import { findModel } from './find-model.ts';
import { invalid, sendError, sendJson, type ApiError } from './openai-error.ts';
import type { Pool } from './pool.ts';
import { callUpstream, readBody } from './upstream.ts';

export interface ServeModelOptions {
  /** Where the session's socket is made. */
  readonly path: string;
  readonly mode: number;
  /** Chosen for this session by its label; null: no pool may see it. */
  readonly pool: Pool | null;
  readonly limits: ModelLimits;
  /** One word for the log of the process. Never content. */
  readonly onEvent: (event: string) => void;
}

export interface ModelListener {
  readonly close: () => Promise<void>;
}

/** Serves `/v1/models` and `/v1/chat/completions` to one session; everything else is 404. */
export async function serveModel(options: ServeModelOptions): Promise<ModelListener> {
  const found = lstatSync(options.path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isSocket()) {
    throw new HardshellError('home_unsafe', `\`${options.path}\` is not a socket of ours`, { fate: 'stop' });
  }
  if (found !== undefined) unlinkSync(options.path);
  const open = { calls: 0 };
  const server = createServer(
    {
      maxHeaderSize: 8_192,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 5_000,
    },
    (request, response) => void handle({ options, open, request, response }),
  );
  server.maxConnections = options.limits.connectionsMax;
  await listen(server, options);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Call {
  readonly options: ServeModelOptions;
  readonly open: { calls: number };
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function handle(call: Call): Promise<void> {
  const { request, response, open, options } = call;
  const route = `${request.method ?? ''} ${request.url ?? ''}`;
  if (route !== 'GET /v1/models' && route !== 'POST /v1/chat/completions') {
    return sendError(response, {
      status: 404,
      type: 'not_found_error',
      code: 'not_found',
      message: 'no such endpoint',
    });
  }
  if (open.calls >= options.limits.concurrentMax) return sendError(response, BUSY);
  open.calls += 1;
  const gone = new AbortController();
  const timer = setTimeout(() => gone.abort(), options.limits.totalMs);
  response.once('close', () => gone.abort());
  try {
    await (route === 'GET /v1/models' ? models(call, gone.signal) : chat(call, gone.signal));
  } catch (error) {
    const known = errorOf(error);
    options.onEvent(known.code);
    sendError(response, known);
  } finally {
    clearTimeout(timer);
    open.calls -= 1;
  }
}

async function models({ options, response }: Call, signal: AbortSignal): Promise<void> {
  const model = await findModel(options.pool, options.limits, signal);
  sendJson(response, 200, { object: 'list', data: [{ id: model, object: 'model', created: 0, owned_by: 'local' }] });
}

async function chat(call: Call, signal: AbortSignal): Promise<void> {
  const { options, request, response } = call;
  const { limits, pool } = options;
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) {
    return sendError(response, { ...invalid('the body must be `application/json`'), status: 415 });
  }
  const value = parseJsonBody(await readBody(request, limits.requestBytesMax), limits.requestBytesMax);
  const model = await findModel(pool, limits, signal);
  const parsed = parseChatRequest(value, model, limits);
  if (!parsed.ok) return sendError(response, parsed.error);
  if (pool === null) return sendError(response, NO_POOL);
  const upstream = await callUpstream(
    pool,
    { method: 'POST', path: '/chat/completions', body: parsed.body, signal },
    limits,
  );
  options.onEvent(parsed.stream ? 'stream' : 'call');
  if (parsed.dropped.length > 0) response.setHeader('x-hardshell-dropped', parsed.dropped.join(', '));
  if (upstream.statusCode !== 200) return sendError(response, await upstreamError(upstream));
  const type = upstream.headers['content-type'] ?? '';
  if (parsed.stream && type.startsWith('text/event-stream')) return await relayStream(call, upstream);
  if (parsed.stream || !type.startsWith('application/json')) {
    upstream.destroy();
    return sendError(response, WRONG_ANSWER);
  }
  const body = await readAnswer(upstream, limits);
  if (body === null) return sendError(response, WRONG_ANSWER);
  sendJson(response, 200, body);
}

/** The answer as one bounded JSON object, whatever the server sent; null when it is none. */
async function readAnswer(upstream: IncomingMessage, limits: ModelLimits): Promise<object | null> {
  try {
    return parseJsonBody(await readBody(upstream, limits.responseBytesMax), limits.responseBytesMax) as object;
  } catch (error) {
    if (error instanceof HardshellError && error.code !== 'unavailable') return null;
    throw error;
  }
}

async function relayStream({ options, response }: Call, upstream: IncomingMessage): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  let bytes = 0;
  const cap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(
        bytes > options.limits.responseBytesMax
          ? new HardshellError('too_large', 'the answer is too long', { fate: 'refuse' })
          : null,
        chunk,
      );
    },
  });
  await pipeline(upstream, cap, response);
}

/** What the model server said, as far as a sentence goes. Its words are data for the zone that asked. */
async function upstreamError(upstream: IncomingMessage): Promise<ApiError> {
  const said = await sentenceIn(upstream);
  const status = upstream.statusCode ?? 500;
  if (status === 429 || status === 503) return { ...BUSY, message: 'the local model is busy' };
  if (status < 400 || status >= 500) return { ...WRONG_ANSWER, message: `the local model failed (${status})` };
  return {
    status,
    type: 'invalid_request_error',
    code: 'model_refused',
    message: said ?? `the local model refused (${status})`,
  };
}

async function sentenceIn(upstream: IncomingMessage): Promise<string | null> {
  try {
    const value = parseJsonBody(await readBody(upstream, 65_536), 65_536) as { error?: { message?: unknown } | string };
    const said = typeof value.error === 'string' ? value.error : value.error?.message;
    return typeof said === 'string' ? said.replaceAll(/[^\P{C}]/gu, ' ').slice(0, 300) : null;
  } catch {
    // An error page that is not JSON says nothing that we hand on.
    return null;
  }
}

const BUSY: ApiError = {
  status: 429,
  type: 'rate_limit_error',
  code: 'busy',
  message: 'too many calls at once; wait for an answer',
};
const NO_POOL: ApiError = {
  status: 403,
  type: 'invalid_request_error',
  code: 'no_pool',
  message: 'no model may see what this session has read',
};
const WRONG_ANSWER: ApiError = {
  status: 502,
  type: 'server_error',
  code: 'bad_answer',
  message: 'the local model answered in a way that is not known here',
};

function errorOf(error: unknown): ApiError {
  if (!(error instanceof HardshellError))
    return { status: 502, type: 'server_error', code: 'failed', message: 'the call broke off' };
  if (error.code === 'too_large') return { ...invalid(error.message, undefined, 'too_large'), status: 413 };
  if (error.code === 'malformed') return invalid(error.message);
  return { status: 503, type: 'server_error', code: error.code, message: error.message };
}

function listen(server: Server, { path, mode }: ServeModelOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new HardshellError('connection_lost', `cannot listen on \`${path}\``, { fate: 'stop', cause })),
    );
    withSocketMode(mode, () => server.listen(path, resolve));
  });
}
