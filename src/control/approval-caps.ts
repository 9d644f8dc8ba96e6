import { LIMITS, toAuditAction, toAuditZone, type AuditDetails, type SubjectHash } from '../contracts/index.ts';
import { sql, type Reader, type Tx } from '../state/index.ts';
import type { Moment } from './approvals-row.ts';

/** How many questions may be put to a person. Caps bind questions; rates bind acts. */
export interface ApprovalCaps {
  readonly pendingPerSession: number;
  readonly questionsPerDay: number;
  readonly questionsPerSenderPerDay: number;
  /** Of `questionsPerDay`, how many only the owner's own instructions may spend. */
  readonly questionsReservedForOwner: number;
}

export const DEFAULT_CAPS: ApprovalCaps = {
  pendingPerSession: LIMITS.pendingPerSession.value,
  questionsPerDay: LIMITS.questionsPerDay.value,
  questionsPerSenderPerDay: LIMITS.questionsPerSenderPerDay.value,
  questionsReservedForOwner: LIMITS.questionsReservedForOwner.value,
};

/** Who caused a question. An outside sender is a claim: rotating it spends only what strangers share. */
export interface Asker {
  readonly session: string;
  readonly zone: string;
  readonly action: string;
  /** `owner`: the session holds the owner's own instruction and nothing from outside. */
  readonly origin: 'owner' | 'outside';
  /** Claimed sender of the session's items (address key); may be empty for mail without one. Unused for `owner`. */
  readonly sender: string;
}

export interface Capped {
  readonly kind: 'capped';
  readonly retryAfterMs: number;
  /** The session asked on after being told to wait, and may ask no more. */
  readonly sessionClosed: boolean;
}

type CapName = AuditDetails<'limit_hit'>['limit'];

const DAY_MS = 86_400_000;
const ALL = 'ask:all';
const OUTSIDE = 'ask:outside';

/** Null when one more question may be put; otherwise the refusal, counted against the session. */
export function checkCaps(
  tx: Tx,
  asker: Asker,
  now: Moment,
  ports: { caps: ApprovalCaps; hash: SubjectHash },
): Capped | null {
  const overCap = tx.get(sql.selectFrom('sessions').select('over_cap').where('sid', '=', asker.session))?.over_cap;
  // INVARIANT: a session that is not on record may not ask, and one that was closed to asking stays closed.
  if (overCap === undefined || overCap >= LIMITS.asksBeyondCapMax.value) {
    return { kind: 'capped', retryAfterMs: DAY_MS, sessionClosed: true };
  }
  const hit = findCap(tx, asker, now, ports.caps);
  if (hit === null) return null;
  return countRefusal(tx, asker, { now, hash: ports.hash, hit, overCap });
}

/** Spends one question of each window that `asker` falls in. */
export function spendQuestion(tx: Tx, asker: Asker, now: Moment): void {
  // Rows of the future (the clock was set back) stay and count: the caps then bind longer, never less.
  tx.run(
    sql
      .deleteFrom('rate_events')
      .where('key', '>=', 'ask:')
      .where('key', '<', 'ask;')
      .where('at_ms', '<=', now.wallMs - DAY_MS),
  );
  for (const key of keysOf(asker)) tx.run(sql.insertInto('rate_events').values({ key, units: 1, at_ms: now.wallMs }));
}

function keysOf(asker: Asker): string[] {
  return asker.origin === 'owner' ? [ALL] : [ALL, OUTSIDE, senderKey(asker.sender)];
}

function senderKey(sender: string): string {
  return `ask:from:${sender.toLowerCase()}`;
}

interface Hit {
  readonly cap: CapName;
  readonly retryAfterMs: number;
}

function findCap(tx: Tx, asker: Asker, now: Moment, caps: ApprovalCaps): Hit | null {
  const pending = pendingOf(tx, asker.session, now);
  if (pending.length >= caps.pendingPerSession) {
    const next = Math.min(...pending) - now.bootMs;
    return { cap: 'approvals_session', retryAfterMs: Math.max(1, next) };
  }
  const windows: [key: string, max: number, cap: CapName][] = [[ALL, caps.questionsPerDay, 'approvals_day']];
  if (asker.origin === 'outside') {
    windows.push([senderKey(asker.sender), caps.questionsPerSenderPerDay, 'approvals_sender']);
    windows.push([OUTSIDE, Math.max(0, caps.questionsPerDay - caps.questionsReservedForOwner), 'approvals_day']);
  }
  for (const [key, max, cap] of windows) {
    const times = spentOf(tx, key, now);
    if (times.length < max) continue;
    // The window has room again when all but `max - 1` of its questions are a day old.
    const freeing = times[times.length - max];
    return { cap, retryAfterMs: freeing === undefined ? DAY_MS : Math.max(1, freeing + DAY_MS - now.wallMs) };
  }
  return null;
}

function pendingOf(reader: Reader, session: string, now: Moment): number[] {
  return reader
    .all(
      sql
        .selectFrom('approvals')
        .select('expires_boot_ms')
        .where('sid', '=', session)
        .where('state', '=', 'pending')
        .where('boot_id', '=', now.bootId),
    )
    .map((row) => row.expires_boot_ms)
    .filter((deadline) => deadline > now.bootMs);
}

function spentOf(reader: Reader, key: string, now: Moment): number[] {
  const query = sql
    .selectFrom('rate_events')
    .select('at_ms')
    .where('key', '=', key)
    .where('at_ms', '>', now.wallMs - DAY_MS);
  return reader.all(query.orderBy('at_ms')).map((row) => row.at_ms);
}

/**
 * The first refusal tells how long to wait and is recorded. Only an ask before that time has passed counts against the
 * session, so that an honest agent which waits is never closed, and a flood writes one line and not one a frame.
 */
function countRefusal(
  tx: Tx,
  asker: Asker,
  { now, hash, hit, overCap }: { now: Moment; hash: SubjectHash; hit: Hit; overCap: number },
): Capped {
  const key = `retry:${asker.session}`;
  const told = tx.get(sql.selectFrom('rate_events').select('at_ms').where('key', '=', key))?.at_ms ?? 0;
  const subject = { zone: toAuditZone(asker.zone), session: hash(asker.session), action: toAuditAction(asker.action) };
  const further = now.wallMs < told;
  const count = further ? overCap + 1 : 0;
  tx.run(sql.updateTable('sessions').set({ over_cap: count }).where('sid', '=', asker.session));
  if (!further) {
    tx.run(sql.deleteFrom('rate_events').where('key', '=', key));
    tx.run(sql.insertInto('rate_events').values({ key, units: 1, at_ms: now.wallMs + hit.retryAfterMs }));
    tx.record({
      ...subject,
      event: 'limit_hit',
      details: { limit: hit.cap, retry_after_ms: Math.ceil(hit.retryAfterMs) },
    });
  }
  const sessionClosed = count >= LIMITS.asksBeyondCapMax.value;
  if (sessionClosed) tx.record({ ...subject, event: 'zone_incident', details: { kind: 'flood' } });
  return { kind: 'capped', retryAfterMs: Math.ceil(hit.retryAfterMs), sessionClosed };
}
