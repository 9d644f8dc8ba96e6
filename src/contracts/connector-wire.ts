import * as z from 'zod';
import { CHANNELS } from './channels.ts';
import { LIMITS } from './limits.ts';

/** Stands before a payload's bytes in its digest `wh`: the purpose of the hash. */
export const PAYLOAD_HASH_PREFIX = 'hardshell/payload/v1\n';

/**
 * Between the executor (asks) and one connector (answers), over a socketpair that the connector inherits as
 * descriptor 3. The executor sends a request with `id`; the connector answers with the same `id`. Raw messages come as
 * `raw_begin`, `raw_chunk`…, `raw_end` frames carrying the request's `id`, then the `fetched` answer.
 */
const id = z.string().max(LIMITS.frameIdCharsMax.value);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** Which reader a message is for. The executor ends a connector that names a channel which is not its own. */
const channel = z.enum(CHANNELS);

export const CONNECTOR_REQUESTS = {
  /** Up to `limit` new messages; `acknowledged` names those of earlier fetches that are stored durably. */
  fetch: z.strictObject({
    type: z.literal('fetch'),
    id,
    limit: z.number().int().min(1).max(100),
    acknowledged: z.array(z.string().max(255)).max(100),
    /** Milliseconds to wait for a first message when there is none; absent: answer at once. */
    wait_ms: z.number().int().min(0).max(LIMITS.waitMsMax.value).optional(),
  }),
  /** Sends stored bytes. The payload follows as `payload_chunk` frames and ends with `payload_end`. */
  perform: z.strictObject({
    type: z.literal('perform'),
    id,
    jti: z.string().max(64),
    wh: sha256,
    bytes: z.number().int().min(1),
  }),
  payload_chunk: z.strictObject({
    type: z.literal('payload_chunk'),
    id,
    seq: z.number().int().min(0),
    data: z.base64(),
  }),
  payload_end: z.strictObject({ type: z.literal('payload_end'), id }),
  /** Whether the act of `jti` was done: asked after a crash. */
  reconcile: z.strictObject({ type: z.literal('reconcile'), id, jti: z.string().max(64), wh: sha256 }),
} as const;
export type ConnectorRequest = {
  [K in keyof typeof CONNECTOR_REQUESTS]: z.infer<(typeof CONNECTOR_REQUESTS)[K]>;
}[keyof typeof CONNECTOR_REQUESTS];

export const CONNECTOR_ANSWERS = {
  connector_ready: z.strictObject({ type: z.literal('connector_ready'), name: z.string().max(64), v: z.literal(1) }),
  raw_begin: z.strictObject({
    type: z.literal('raw_begin'),
    id,
    channel,
    /** The connector's own name of the message, stable over restarts; a file name for Maildir. */
    key: z.string().min(1).max(255),
    bytes: z.number().int().min(0).max(LIMITS.rawMessageBytesMax.value),
    received_at: z.iso.datetime(),
  }),
  raw_chunk: z.strictObject({
    type: z.literal('raw_chunk'),
    id,
    key: z.string().max(255),
    seq: z.number().int().min(0),
    data: z.base64(),
  }),
  raw_end: z.strictObject({ type: z.literal('raw_end'), id, key: z.string().max(255), sha256 }),
  /** A message that cannot be taken (too large, unreadable): moved aside by the connector; acknowledged like others. */
  raw_skipped: z.strictObject({
    type: z.literal('raw_skipped'),
    id,
    channel,
    key: z.string().max(255),
    reason: z.enum(['too_large', 'unreadable']),
  }),
  fetched: z.strictObject({ type: z.literal('fetched'), id, count: z.number().int().min(0), more: z.boolean() }),
  outcome: z.strictObject({
    type: z.literal('outcome'),
    id,
    jti: z.string().max(64),
    state: z.enum(['succeeded', 'failed', 'unknown', 'absent']),
    /** Digest of the bytes that the provider took; the executor compares it with `wh`. */
    accepted: sha256.optional(),
    reason: z.enum(['refused', 'disk_full', 'io', 'mismatch', 'not_found']).optional(),
  }),
} as const;
export type ConnectorAnswer = {
  [K in keyof typeof CONNECTOR_ANSWERS]: z.infer<(typeof CONNECTOR_ANSWERS)[K]>;
}[keyof typeof CONNECTOR_ANSWERS];
