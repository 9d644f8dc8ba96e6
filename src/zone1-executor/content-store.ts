import { CHANNELS, makeId, type Channel, type ContentId, type Extract } from '../contracts/index.ts';
import { prepare, sql, type Reader, type Tx } from '../state/index.ts';
import type { Station } from './ports.ts';

export interface RawItem {
  readonly channel: Channel;
  /** The connector's own name of the message, stable over restarts. */
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly receivedMs: number;
}

/** Stores raw bytes once for a (channel, key). Null when it is there already: fetches repeat after a crash. */
export function putRaw(station: Station, tx: Tx, item: RawItem): ContentId | null {
  const known = tx.get(
    sql.selectFrom('contents').select('kid').where('channel', '=', item.channel).where('source_key', '=', item.key),
  );
  if (known !== undefined) return null;
  const kid = makeId('k_', station.random);
  tx.run(
    sql.insertInto('contents').values({
      kid,
      channel: item.channel,
      source_key: item.key,
      received_ms: receivedAt(station, item.receivedMs),
      raw: item.bytes,
      raw_sha256: item.sha256,
      raw_bytes: item.bytes.length,
      state: 'received',
      extract: null,
      message_id: null,
      sender: '',
      confidentiality: 'private',
      warned: 0,
      reader_tries: 0,
      handled: 0,
    }),
  );
  tx.record({
    event: 'item_received',
    zone: 'connector',
    subject: station.subjectHash(kid),
    details: { channel: item.channel, bytes: item.bytes.length },
  });
  return kid;
}

/** The time that a connector tells, as far as it can be true: retention and order rest on it. */
function receivedAt({ clock }: Station, ms: number): number {
  const now = clock.wallMs();
  return Number.isFinite(ms) ? Math.min(now, Math.max(0, Math.floor(ms))) : now;
}

export interface ReadResult {
  readonly extract: Extract;
  /** The claimed Message-ID in strict grammar, for threading; null when there is none. */
  readonly messageId: string | null;
  /** `MailAddress.key` of the claimed sender, or empty. A claim: for flow and caps only. */
  readonly sender: string;
}

export function putExtract(station: Station, tx: Tx, kid: ContentId, read: ReadResult): void {
  const { extract } = read;
  tx.run(
    sql
      .updateTable('contents')
      .set({
        state: 'read',
        extract: JSON.stringify(extract),
        message_id: read.messageId,
        sender: read.sender,
        warned: extract.injection_warning ? 1 : 0,
      })
      .where('kid', '=', kid),
  );
  tx.record({
    event: 'item_read',
    zone: `zone3-${extract.channel}-reader`,
    subject: station.subjectHash(kid),
    details: {
      channel: extract.channel,
      original_length: extract.original_length,
      sanitized_length: extract.sanitized_length,
      injection_warning: extract.injection_warning,
      findings: extract.findings.length,
      truncated: extract.truncated,
    },
  });
}

/** Marks a message that no reader could read; it stays stored and is shown as failed. */
export function putFailed(
  station: Station,
  tx: Tx,
  kid: ContentId,
  reason: 'timeout' | 'crashed' | 'incident' | 'lying_reader' | 'malformed',
): void {
  const { channel } = tx.get(sql.selectFrom('contents').select('channel').where('kid', '=', kid)) ?? {};
  if (channel === undefined) return;
  tx.run(sql.updateTable('contents').set({ state: 'failed', handled: 1 }).where('kid', '=', kid));
  tx.record({
    event: 'item_failed',
    zone: `zone3-${channel}-reader`,
    subject: station.subjectHash(kid),
    details: { channel, reason },
  });
}

export interface StoredContent {
  readonly kid: string;
  readonly channel: Channel;
  readonly receivedMs: number;
  readonly extract: Extract;
  readonly messageId: string | null;
  readonly sender: string;
  readonly confidentiality: string;
  readonly warned: boolean;
}

/** A message that was read, or undefined. */
export function getContent(reader: Reader, kid: string): StoredContent | undefined {
  const row = reader.get(
    sql
      .selectFrom('contents')
      .select(['kid', 'channel', 'received_ms', 'extract', 'message_id', 'sender', 'confidentiality', 'warned'])
      .where('kid', '=', kid),
  );
  if (row === undefined || row.extract === null) return undefined;
  return {
    kid: row.kid,
    channel: row.channel,
    receivedMs: row.received_ms,
    extract: JSON.parse(row.extract) as Extract,
    messageId: row.message_id,
    sender: row.sender,
    confidentiality: row.confidentiality,
    warned: row.warned === 1,
  };
}

/**
 * A message as a zone is given it: of a finding the rule and the place, not its words. They quote what was taken out
 * because no person would have seen it; they are for the owner.
 */
export function forZone(extract: Extract): Extract {
  return { ...extract, findings: extract.findings.map((finding) => ({ ...finding, why: '' })) };
}

/** Raw bytes of a message that waits to be read. */
export function getRaw(reader: Reader, kid: string): Uint8Array | undefined {
  return reader.get(sql.selectFrom('contents').select('raw').where('kid', '=', kid))?.raw ?? undefined;
}

/** Messages of a channel stored and not read yet, oldest first. */
export function unread(reader: Reader, channel: Channel, limit: number): ContentId[] {
  const rows = reader.all(
    sql
      .selectFrom('contents')
      .select('kid')
      .where('state', '=', 'received')
      .where('channel', '=', channel)
      .orderBy('received_ms')
      .limit(limit),
  );
  return rows.map((row) => row.kid as ContentId);
}

/**
 * Messages read and not yet given to a planner, oldest first of each channel, the channels in turn: an export of many
 * thousand chats does not hold up the mail that comes in behind it.
 */
export function unhandled(reader: Reader, limit: number): ContentId[] {
  const waiting = CHANNELS.map((channel) =>
    reader.all(
      sql
        .selectFrom('contents')
        .select('kid')
        .where('handled', '=', 0)
        .where('state', '=', 'read')
        .where('channel', '=', channel)
        .orderBy('received_ms')
        .limit(limit),
    ),
  );
  const inTurn = Array.from({ length: limit }, (_, i) => waiting.map((rows) => rows[i]?.kid));
  return inTurn
    .flat()
    .filter((kid) => kid !== undefined)
    .slice(0, limit)
    .map((kid) => kid as ContentId);
}

export function markHandled(tx: Tx, kid: string): void {
  tx.run(sql.updateTable('contents').set({ handled: 1 }).where('kid', '=', kid));
}

/**
 * Removes what is older than its retention: raw bytes first, then the extract. The row stays, so that nothing is
 * fetched twice and a source of an open request stays known. Returns how many messages lost something.
 */
export function retire(station: Station, tx: Tx): number {
  const { retentionDays, rawRetentionDays } = station.caps;
  const before = (days: number): number => station.clock.wallMs() - days * 86_400_000;
  const raw = tx.run(
    sql
      .updateTable('contents')
      .set({ raw: null })
      .where('received_ms', '<', before(Math.min(rawRetentionDays, retentionDays)))
      .where('state', '!=', 'received')
      .where('raw', 'is not', null),
  );
  const extracts = tx.run(
    sql
      .updateTable('contents')
      .set({ raw: null, extract: null, message_id: null, sender: '', state: 'failed', handled: 1 })
      .where('received_ms', '<', before(retentionDays))
      .where('extract', 'is not', null),
  );
  const items = Math.max(raw, extracts);
  if (items > 0) tx.record({ event: 'content_deleted', zone: 'zone1-executor', details: { items, reason: 'expired' } });
  return items;
}

const HELD = prepare<never, { bytes: number | null }>(() =>
  sql
    .selectFrom('contents')
    .select(({ fn }) => fn.sum<number | null>('raw_bytes').as('bytes'))
    .where('raw', 'is not', null),
);
const DROPPED_AT_ONCE = 100;

/** Bytes of raw messages that are held. */
export function heldBytes(reader: Reader): number {
  return reader.get(HELD({}))?.bytes ?? 0;
}

/**
 * Frees raw bytes of the oldest messages that were read, until what is held fits `bytesMax`; extracts stay. True when
 * there is room; false: everything that may go is gone, and intake has to wait.
 */
export function makeRoom(tx: Tx, bytesMax: number): boolean {
  let held = heldBytes(tx);
  if (held <= bytesMax) return true;
  const oldest = tx.all(
    sql
      .selectFrom('contents')
      .select(['kid', 'raw_bytes'])
      .where('raw', 'is not', null)
      .where('state', '!=', 'received')
      .orderBy('received_ms')
      .limit(DROPPED_AT_ONCE),
  );
  let items = 0;
  for (const { kid, raw_bytes: bytes } of oldest) {
    if (held <= bytesMax) break;
    tx.run(sql.updateTable('contents').set({ raw: null }).where('kid', '=', kid));
    held -= bytes;
    items += 1;
  }
  if (items > 0)
    tx.record({ event: 'content_deleted', zone: 'zone1-executor', details: { items, reason: 'overloaded' } });
  if (held > bytesMax)
    tx.record({ event: 'limit_hit', zone: 'zone1-executor', details: { limit: 'quota', retry_after_ms: 0 } });
  return held <= bytesMax;
}
