import {
  join,
  makeId,
  parseId,
  parseMailAddress,
  PRISTINE,
  toAuditZone,
  type ContentRef,
  type DecisionRequest,
  type Label,
  type SessionId,
} from '../contracts/index.ts';
import { prepare, sql, type Reader, type Tables, type Tx } from '../state/index.ts';
import type { Station } from './ports.ts';

export type Origin = DecisionRequest['origin'];

/** A session as stations see it. Opened, named and ended by Zone 1 alone; it outlives its process. */
export interface Session {
  readonly sid: SessionId;
  readonly zone: string;
  readonly origin: Origin;
  readonly open: boolean;
  readonly label: Label;
  /** Claimed senders of what was delivered, as address keys. */
  readonly senders: readonly string[];
  /** Address keys that the owner typed as recipients for this session. */
  readonly named: readonly string[];
}

export interface OpenSession {
  readonly zone: string;
  readonly origin: Origin;
  /** Recipients that the owner typed, as addresses in our grammar. */
  readonly named?: readonly string[];
  /** A scheduled task brings its stored label. */
  readonly label?: Label;
  /** A fixed id for the standing session. */
  readonly sid?: SessionId;
}

/** Opens a session with nothing delivered: trusted and public, or with the label that a task brings. */
export function openSession(station: Station, tx: Tx, what: OpenSession): Session {
  const sid = what.sid ?? makeId('s_', station.random);
  const named = (what.named ?? []).map((text) => parseMailAddress(text)?.key).filter((key) => key !== undefined);
  const label = what.label ?? PRISTINE;
  tx.run(
    sql.insertInto('sessions').values({
      sid,
      zone: what.zone,
      origin: what.origin,
      state: 'open',
      label: JSON.stringify(label),
      senders: '[]',
      opened_ms: station.clock.wallMs(),
      closed_ms: null,
      over_cap: 0,
      named: JSON.stringify(named),
    }),
  );
  recordOpened(station, tx, { sid, zone: what.zone, origin: what.origin });
  return { sid, zone: what.zone, origin: what.origin, open: true, label, senders: [], named };
}

/** Puts on the record that a session was opened, or goes on after it had ended. */
export function recordOpened(station: Station, tx: Tx, session: Pick<Session, 'sid' | 'zone' | 'origin'>): void {
  tx.record({
    event: 'session_opened',
    zone: toAuditZone(session.zone),
    session: station.subjectHash(session.sid),
    details: { kind: session.origin },
  });
}

const SESSION = prepare<'sid', Tables['sessions']>((hole) =>
  sql.selectFrom('sessions').selectAll().where('sid', '=', hole<string>('sid')),
);

export function findSession(reader: Reader, sid: string): Session | undefined {
  const row = reader.get(SESSION({ sid }));
  if (row === undefined) return undefined;
  return {
    sid: row.sid as SessionId,
    zone: row.zone,
    origin: row.origin as Origin,
    open: row.state === 'open',
    label: JSON.parse(row.label) as Label,
    senders: JSON.parse(row.senders) as string[],
    named: JSON.parse(row.named) as string[],
  };
}

export function openSessions(reader: Reader): Session[] {
  const rows = reader.all(sql.selectFrom('sessions').select('sid').where('state', '=', 'open'));
  return rows.map((row) => findSession(reader, row.sid)).filter((session) => session !== undefined);
}

export function closeSession(
  station: Station,
  tx: Tx,
  sid: SessionId,
  reason: 'done' | 'crashed' | 'session_closed',
): void {
  const changed = tx.run(
    sql
      .updateTable('sessions')
      .set({ state: 'closed', closed_ms: station.clock.wallMs() })
      .where('sid', '=', sid)
      .where('state', '=', 'open'),
  );
  if (changed === 0) return;
  tx.record({
    event: 'session_closed',
    zone: 'zone1-executor',
    session: station.subjectHash(sid),
    details: { reason },
  });
}

export interface Delivered {
  readonly ref: ContentRef;
  readonly fresh: boolean;
}

/**
 * Hands stored content to a session: one reference a content and session.
 * INVARIANT: the session's label and senders have taken the content in before the reference leaves Zone 1.
 */
export function deliver(station: Station, tx: Tx, sid: SessionId, kid: string, as: 'item' | 'result'): Delivered {
  const old = tx.get(sql.selectFrom('deliveries').select('ref').where('sid', '=', sid).where('kid', '=', kid));
  if (old !== undefined) return { ref: old.ref as ContentRef, fresh: false };
  const session = findSession(tx, sid);
  const content = tx.get(sql.selectFrom('contents').select(['sender', 'confidentiality']).where('kid', '=', kid));
  if (session === undefined || content === undefined) throw new Error('delivery of unknown content or session');
  const label = join(session.label, contentLabel(kid, content.confidentiality));
  const senders = content.sender === '' ? session.senders : [...new Set([...session.senders, content.sender])];
  const ref = makeId('c_', station.random);
  tx.run(
    sql.insertInto('deliveries').values({ ref, sid, kid, at_ms: station.clock.wallMs(), done: as === 'item' ? 0 : 1 }),
  );
  tx.run(
    sql
      .updateTable('sessions')
      .set({ label: JSON.stringify(label), senders: JSON.stringify(senders) })
      .where('sid', '=', sid),
  );
  tx.record({
    event: 'session_label',
    zone: 'zone1-executor',
    session: station.subjectHash(sid),
    details: { integrity: label.integrity, confidentiality: label.confidentiality, sources: label.sources.length },
  });
  return { ref, fresh: true };
}

/** The content behind a reference of this session; a reference of another session is as good as none. */
export function contentOfRef(reader: Reader, sid: SessionId, text: string): string | undefined {
  const ref = parseId('c_', text);
  if (ref === null) return undefined;
  return reader.get(sql.selectFrom('deliveries').select('kid').where('ref', '=', ref).where('sid', '=', sid))?.kid;
}

/** Everything from outside is untrusted; what is not known to be less is private. */
export function contentLabel(kid: string, confidentiality: string): Label {
  return {
    integrity: 'untrusted',
    confidentiality: confidentiality === 'public' || confidentiality === 'secret' ? confidentiality : 'private',
    sources: [kid],
  };
}
