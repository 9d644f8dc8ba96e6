import { toAuditAction, type GrantId } from '../contracts/index.ts';
import { sql, type Reader, type Tables, type Tx } from '../state/index.ts';
import { isLive, type LiveGrant } from './grant.ts';
import type { Station } from './ports.ts';

export type JournalState = Tables['journal']['state'];
export type Entry = Tables['journal'];

/** Why an act ended as it did, in words of ours. */
export type EndReason =
  | 'ok'
  | 'denied'
  | 'killed'
  | 'not_dispatched'
  | 'policy_changed'
  | 'provider_error'
  | 'disk_failed'
  | 'params_mismatch'
  | 'restart'
  | 'other';

/**
 * Writes the intent in the step that marked the grant used.
 * INVARIANT: no row without a live grant, and `jti` is the primary key: one act a grant.
 */
export function intend(station: Station, tx: Tx, grant: LiveGrant, delayMs: number, payloadBytes: number): Entry {
  if (!isLive(grant)) throw new Error('intent without a live grant');
  const { row } = grant;
  const entry: Entry = {
    jti: row.jti,
    rid: row.rid,
    act: row.act,
    wh: row.wh,
    state: 'intended',
    reason: null,
    dispatch_boot_ms: station.clock.bootMs() + delayMs,
    dispatch_ms: station.clock.wallMs() + delayMs,
    boot_id: station.clock.bootId,
    at_ms: station.clock.wallMs(),
    told: 0,
  };
  tx.run(sql.insertInto('journal').values(entry));
  tx.record({
    event: 'intent',
    zone: 'zone1-executor',
    session: station.subjectHash(row.sid),
    action: toAuditAction(row.act),
    subject: station.subjectHash(row.rid),
    details: { payload: station.subjectHash(row.wh ?? row.ph), bytes: payloadBytes, delay_ms: delayMs },
  });
  return entry;
}

/** `intended → dispatched`: after this step the act may have happened. False when it was denied or ended meanwhile. */
export function markDispatched(station: Station, tx: Tx, jti: GrantId): boolean {
  const changed = tx.run(
    sql
      .updateTable('journal')
      .set({ state: 'dispatched', at_ms: station.clock.wallMs() })
      .where('jti', '=', jti)
      .where('state', '=', 'intended'),
  );
  const entry = tx.get(sql.selectFrom('journal').selectAll().where('jti', '=', jti));
  if (changed !== 1 || entry === undefined) return false;
  tx.record({
    event: 'dispatched',
    zone: 'zone1-executor',
    action: toAuditAction(entry.act),
    subject: station.subjectHash(entry.rid),
    details: { payload: station.subjectHash(entry.wh ?? '') },
  });
  return true;
}

/** The end of an act. Only forward: an ended act keeps its outcome, an unknown one may still be reconciled. */
export function settle(
  station: Station,
  tx: Tx,
  jti: string,
  state: 'succeeded' | 'failed' | 'unknown',
  reason: EndReason,
): boolean {
  const changed = tx.run(
    sql
      .updateTable('journal')
      .set({ state, reason, at_ms: station.clock.wallMs() })
      .where('jti', '=', jti)
      .where('state', 'in', ['intended', 'dispatched', 'unknown']),
  );
  const entry = tx.get(sql.selectFrom('journal').selectAll().where('jti', '=', jti));
  if (changed !== 1 || entry === undefined) return false;
  tx.record({
    event: 'outcome',
    zone: 'zone1-executor',
    action: toAuditAction(entry.act),
    subject: station.subjectHash(entry.rid),
    details: { outcome: state, reason },
  });
  return true;
}

export function entryOfRequest(reader: Reader, rid: string): Entry | undefined {
  return reader.get(sql.selectFrom('journal').selectAll().where('rid', '=', rid));
}

export function entriesIn(reader: Reader, state: JournalState): Entry[] {
  return reader.all(sql.selectFrom('journal').selectAll().where('state', '=', state).orderBy('dispatch_ms'));
}
