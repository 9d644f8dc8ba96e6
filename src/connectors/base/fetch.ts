import { createHash } from 'node:crypto';
import type { FrameConnection } from '../../bridge/index.ts';
import { LIMITS, type ConnectorAnswer, type ConnectorRequest } from '../../contracts/index.ts';
import type { Provider, RawMessage } from './provider.ts';

/** One answer carries whole messages until it has this many bytes; the rest waits for the next fetch. */
const FETCH_BYTES_MAX = 67_108_864;

export interface FetchContext {
  readonly provider: Provider;
  readonly connection: FrameConnection;
  readonly signal: AbortSignal;
}

/** Takes acknowledgements in, sends what is new (waiting up to `wait_ms` for a first message), then `fetched`. */
export async function fetchMessages(
  request: Extract<ConnectorRequest, { type: 'fetch' }>,
  at: FetchContext,
): Promise<void> {
  await at.provider.acknowledge(request.acknowledged);
  const deadline = performance.now() + (request.wait_ms ?? 0);
  const send = (answer: ConnectorAnswer): void => at.connection.send(answer);
  let count = 0;
  let bytes = 0;
  while (count < request.limit && bytes < FETCH_BYTES_MAX && !at.signal.aborted) {
    const found = await at.provider.next();
    if (found === null) {
      const left = deadline - performance.now();
      if (count > 0 || left <= 0) break;
      await at.provider.changed(left, at.signal);
      continue;
    }
    if (found.kind === 'skipped') {
      const { channel, key, reason } = found;
      send({ type: 'raw_skipped', id: request.id, channel, key, reason });
    } else {
      await sendMessage(request.id, found, at.connection);
      bytes += found.bytes.length;
    }
    count += 1;
  }
  send({ type: 'fetched', id: request.id, count, more: at.provider.hasMore() });
}

/** Sends a message in chunks; waits for the executor to read, so that a slow one holds us back instead of filling memory. */
async function sendMessage(id: string, message: RawMessage, connection: FrameConnection): Promise<void> {
  const { channel, key, bytes } = message;
  const chunkBytes = LIMITS.rawChunkBytesMax.value;
  const receivedAt = message.receivedAt.toISOString();
  connection.send({ type: 'raw_begin', id, channel, key, bytes: bytes.length, received_at: receivedAt });
  for (let at = 0, seq = 0; at < bytes.length && !connection.closed; at += chunkBytes, seq += 1) {
    connection.send({
      type: 'raw_chunk',
      id,
      key,
      seq,
      data: bytes.toString('base64', at, Math.min(at + chunkBytes, bytes.length)),
    });
    await connection.drained();
  }
  connection.send({ type: 'raw_end', id, key, sha256: createHash('sha256').update(bytes).digest('hex') });
}
