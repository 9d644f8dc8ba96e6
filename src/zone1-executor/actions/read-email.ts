import {
  accepted,
  LIMITS,
  PRISTINE,
  readEmailSchema,
  refused,
  searchEmailsSchema,
  toJson,
  type Extract,
  type Json,
  type Outcome,
} from '../../contracts/index.ts';
import { sql, type Reader, type Tables, type Tx } from '../../state/index.ts';
import { forZone, getContent, type StoredContent } from '../content-store.ts';
import type { Station } from '../ports.ts';
import { parseSearchQuery, type SearchQuery } from '../search-query.ts';
import { contentOfRef, deliver, type Session } from '../sessions.ts';
import type { Doer, Prepared } from './doer.ts';

/** `read_email`: what readers have made of the mail that intake stored. The provider is not asked and not changed. */
export const readEmailDoer: Doer = {
  prepare: (_station, tx, session, requested) => {
    const params = readEmailSchema.parse(requested);
    if ('content_ref' in params) {
      const kid = contentOfRef(tx, session.sid, params.content_ref);
      if (kid === undefined) return refused('not_found', '`content_ref` is not a reference of this session');
      const channel = getContent(tx, kid)?.channel ?? 'email';
      if (channel !== 'email')
        return refused('not_found', `that is a message of ${channel}; \`read_email\` reads mail`);
      return accepted(readPrepared(toJson(params), session, 1));
    }
    if (params.cursor !== undefined && parseCursor(params.cursor) === null) return badCursor();
    return accepted(readPrepared(toJson(params), session, params.limit));
  },
  performHere: (station, tx, session, request) => {
    const params = readEmailSchema.parse(JSON.parse(request.resolved));
    if ('content_ref' in params) {
      const kid = contentOfRef(tx, session.sid, params.content_ref);
      const content = kid === undefined ? undefined : getContent(tx, kid);
      if (content === undefined) return refused('not_found', 'the content is not stored any more');
      return accepted(answer(station, tx, session, [content], null));
    }
    const sinceMs = params.since === undefined ? null : Date.parse(params.since);
    const query: SearchQuery = { words: [], from: [], to: [], subject: [], sinceMs, beforeMs: null, attachment: false };
    return list(station, tx, session, { query, limit: params.limit, cursor: params.cursor });
  },
};

/** `search_emails`: the same store, filtered. */
export const searchEmailsDoer: Doer = {
  prepare: (_station, _tx, session, requested) => {
    const params = searchEmailsSchema.parse(requested);
    const parsed = parseSearchQuery(params.query);
    if (!parsed.ok)
      return refused('invalid_params', parsed.message, { issues: [{ path: 'query', message: parsed.message }] });
    if (params.cursor !== undefined && parseCursor(params.cursor) === null) return badCursor();
    return accepted(readPrepared(toJson(params), session, params.limit));
  },
  performHere: (station, tx, session, request) => {
    const params = searchEmailsSchema.parse(JSON.parse(request.resolved));
    const parsed = parseSearchQuery(params.query);
    if (!parsed.ok) return refused('invalid_params', parsed.message);
    return list(station, tx, session, { query: parsed.query, limit: params.limit, cursor: params.cursor });
  },
};

/** `get_profile`: who the owner is and how much mail there is. */
export const getProfileDoer: Doer = {
  prepare: (_station, _tx, session, requested) => accepted(readPrepared(toJson(requested), session, 0)),
  performHere: (station, tx) => {
    const count = tx.get(
      sql
        .selectFrom('contents')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('channel', '=', 'email')
        .where('state', '=', 'read'),
    );
    const { self, selfName } = station.confirmed.contacts();
    return accepted({ address: self, name: selfName, provider: 'maildir', messages: count?.count ?? 0 });
  },
};

function readPrepared(resolved: Json, session: Session, items: number): Prepared {
  return {
    resolved,
    values: [],
    payloadLabel: session.label.sources.length === 0 ? PRISTINE : session.label,
    sources: [],
    warnedSources: 0,
    references: 0,
    payload: null,
    units: { items },
  };
}

interface Listing {
  readonly query: SearchQuery;
  readonly limit: number;
  readonly cursor: string | undefined;
}

interface Cursor {
  readonly ms: number;
  readonly kid: string;
}

const SCAN_ROWS = 200;
/** Rows looked at for one answer; a search that finds little goes on with `next`, so no ask can hold the executor. */
const SCAN_ROWS_MAX = 4_000;
/** Characters of stored messages that are parsed for one answer. */
const SCAN_CHARS_MAX = 16_777_216;

/** Newest first. The cursor is the last row looked at, so pages neither overlap nor skip while mail arrives. */
function list(station: Station, tx: Tx, session: Session, listing: Listing): Outcome<Json> {
  const found: StoredContent[] = [];
  const from = listing.cursor === undefined ? null : findCursor(station, tx, session, listing.cursor);
  if (from === undefined) return badCursor();
  let cursor = from;
  let bytes = 0;
  let chars = 0;
  for (let scanned = 0; ; scanned += SCAN_ROWS) {
    const rows = nextRows(tx, listing.query, cursor);
    for (const row of rows) {
      chars += row.chars ?? 0;
      if (chars > SCAN_CHARS_MAX) return accepted(answer(station, tx, session, found, cursor));
      const content = getContent(tx, row.kid);
      const size = content === undefined ? 0 : JSON.stringify(content.extract).length * 2;
      if (found.length >= listing.limit || bytes + size > LIMITS.answerBytesMax.value) {
        return accepted(answer(station, tx, session, found, cursor));
      }
      cursor = { ms: row.received_ms, kid: row.kid };
      if (content === undefined || !matches(content, listing.query)) continue;
      bytes += size;
      found.push(content);
    }
    if (rows.length < SCAN_ROWS) return accepted(answer(station, tx, session, found, null));
    if (scanned + SCAN_ROWS >= SCAN_ROWS_MAX) return accepted(answer(station, tx, session, found, cursor));
  }
}

function nextRows(
  reader: Reader,
  query: SearchQuery,
  cursor: Cursor | null,
): (Pick<Tables['contents'], 'kid' | 'received_ms'> & { readonly chars: number | null })[] {
  let rows = sql
    .selectFrom('contents')
    .select((eb) => ['kid', 'received_ms', eb.fn<number | null>('length', ['extract']).as('chars')])
    .where('channel', '=', 'email')
    .where('state', '=', 'read');
  if (query.sinceMs !== null) rows = rows.where('received_ms', '>=', query.sinceMs);
  if (query.beforeMs !== null) rows = rows.where('received_ms', '<', query.beforeMs);
  if (cursor !== null) {
    rows = rows.where(({ eb, or, and }) =>
      or([eb('received_ms', '<', cursor.ms), and([eb('received_ms', '=', cursor.ms), eb('kid', '<', cursor.kid)])]),
    );
  }
  return reader.all(rows.orderBy('received_ms', 'desc').orderBy('kid', 'desc').limit(SCAN_ROWS));
}

function matches({ extract }: StoredContent, query: SearchQuery): boolean {
  const holds = (text: string, parts: readonly string[]): boolean =>
    parts.every((part) => text.toLowerCase().includes(part));
  return (
    holds(extract.from, query.from) &&
    holds(extract.to.join(' '), query.to) &&
    holds(extract.subject, query.subject) &&
    (!query.attachment || extract.attachments.length > 0) &&
    holds(`${extract.from} ${extract.subject} ${extract.body}`, query.words)
  );
}

/** Delivers each item to the session, which takes its label, and lists references beside messages. */
function answer(
  station: Station,
  tx: Tx,
  session: Session,
  contents: readonly StoredContent[],
  next: Cursor | null,
): Json {
  const items = contents.map((content) => ({
    content_ref: deliver(station, tx, session.sid, content.kid, 'result').ref,
    message: forZone(content.extract) satisfies Extract as unknown as Json,
  }));
  if (items.length > 0) {
    tx.record({
      event: 'delivered',
      zone: 'zone2-planner',
      session: station.subjectHash(session.sid),
      details: { kind: 'result', items: items.length },
    });
  }
  return {
    content_refs: items.map((item) => item.content_ref),
    items: items.map((item) => item.message),
    ...(next === null ? {} : { next: `${next.ms}.${cursorTag(station, session, next.kid)}` }),
  };
}

/** INVARIANT: what a zone is handed of a row's identity works in its session only, and tells nothing of the row. */
function cursorTag(station: Station, session: Session, kid: string): string {
  return station.sha256Hex(`${session.sid}\n${kid}`).slice(0, 32);
}

function parseCursor(text: string): { readonly ms: number; readonly tag: string } | null {
  const match = /^(\d{1,16})\.([0-9a-f]{32})$/.exec(text);
  return match?.[1] === undefined || match[2] === undefined ? null : { ms: Number(match[1]), tag: match[2] };
}

/** The row that a cursor of this session stands for, or undefined. */
function findCursor(station: Station, reader: Reader, session: Session, text: string): Cursor | undefined {
  const parsed = parseCursor(text);
  if (parsed === null) return undefined;
  const rows = reader.all(sql.selectFrom('contents').select('kid').where('received_ms', '=', parsed.ms));
  const row = rows.find(({ kid }) => cursorTag(station, session, kid) === parsed.tag);
  return row === undefined ? undefined : { ms: parsed.ms, kid: row.kid };
}

function badCursor(): Outcome<never> {
  return refused('invalid_params', '`cursor` is not one that was given out', {
    issues: [{ path: 'cursor', message: 'must be the `next` of an earlier answer' }],
  });
}
