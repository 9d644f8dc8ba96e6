import { request, type IncomingMessage } from 'node:http';
import { HardshellError } from '../contracts/index.ts';
import type { ModelLimits } from './model-limits.ts';
import type { Pool } from './pool.ts';

export interface UpstreamCall {
  readonly method: 'GET' | 'POST';
  /** Below the pool's base path. */
  readonly path: '/chat/completions' | '/models';
  readonly body: object | null;
  readonly signal: AbortSignal;
}

/** Calls the pool and resolves with the head of its answer. Throws `unavailable` or `timeout`. */
export function callUpstream(pool: Pool, call: UpstreamCall, limits: ModelLimits): Promise<IncomingMessage> {
  const bytes = call.body === null ? null : Buffer.from(JSON.stringify(call.body), 'utf8');
  return new Promise((resolve, reject) => {
    const outgoing = request({
      socketPath: pool.socketPath,
      method: call.method,
      path: `${pool.basePath}${call.path}`,
      // Nothing of the zone's own headers goes on.
      headers: {
        host: 'localhost',
        accept: 'application/json, text/event-stream',
        ...(bytes === null ? {} : { 'content-type': 'application/json', 'content-length': bytes.length }),
      },
      agent: false,
      signal: call.signal,
      maxHeaderSize: 16_384,
    });
    outgoing.setTimeout(limits.firstByteMs, () => outgoing.destroy(new Error('no answer in time')));
    outgoing.once('response', (response) => {
      response.setTimeout(limits.stallMs, () => response.destroy(new Error('the answer stalled')));
      resolve(response);
    });
    outgoing.once('error', (cause) => {
      reject(new HardshellError('unavailable', 'the local model does not answer', { fate: 'retry', cause }));
    });
    outgoing.end(bytes ?? undefined);
  });
}

/** The whole body, up to `bytesMax`. Throws `too_large`, or `unavailable` when it breaks off. */
export async function readBody(message: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let held = 0;
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      held += chunk.length;
      if (held > bytesMax) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new HardshellError('unavailable', 'the body broke off', { fate: 'retry', cause });
  }
  if (held > bytesMax) throw new HardshellError('too_large', `the body passes ${bytesMax} bytes`, { fate: 'refuse' });
  return Buffer.concat(chunks);
}
