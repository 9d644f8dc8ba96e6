import type { ControlAnswers, ControlRequest, InboxItem } from '../../contracts/index.ts';
import { sql, type Reader } from '../../state/index.ts';
import { getContent } from '../content-store.ts';
import { StepRefused, type ControlDesk } from './desk.ts';

type Request<T extends ControlRequest['type']> = Extract<ControlRequest, { type: T }>;

/** Newest first; a page at a time. */
export function listInbox(desk: ControlDesk, request: Request<'inbox_list'>): ControlAnswers['inbox_list'] {
  const { reader } = desk.station.ledger;
  let rows = sql
    .selectFrom('contents')
    .select(['kid', 'received_ms'])
    .orderBy('received_ms', 'desc')
    .orderBy('kid', 'desc')
    .limit(request.limit);
  if (request.before !== undefined) {
    const edge = reader.get(sql.selectFrom('contents').select('received_ms').where('kid', '=', request.before));
    if (edge === undefined) throw new StepRefused({ error: 'not_found', message: 'no such item' });
    const { before } = request;
    rows = rows.where(({ eb, or, and }) =>
      or([
        eb('received_ms', '<', edge.received_ms),
        and([eb('received_ms', '=', edge.received_ms), eb('kid', '<', before)]),
      ]),
    );
  }
  const items = reader.all(rows).map((row) => inboxItem(reader, row.kid));
  return { type: 'inbox_list', items, next: items.length === request.limit ? (items.at(-1)?.item ?? null) : null };
}

export function showInbox(desk: ControlDesk, request: Request<'inbox_show'>): ControlAnswers['inbox_show'] {
  const { reader } = desk.station.ledger;
  return {
    type: 'inbox_show',
    item: inboxItem(reader, request.item),
    message: getContent(reader, request.item)?.extract ?? null,
  };
}

function inboxItem(reader: Reader, kid: string): InboxItem {
  const row = reader.get(
    sql
      .selectFrom('contents')
      .select(['kid', 'channel', 'received_ms', 'state', 'warned', 'handled'])
      .where('kid', '=', kid),
  );
  if (row === undefined)
    throw new StepRefused({ error: 'not_found', message: 'no such item; see `hardshell inbox list`' });
  const extract = getContent(reader, kid)?.extract;
  return {
    item: row.kid,
    channel: row.channel,
    from: extract?.from ?? '',
    subject: extract?.subject ?? '',
    received_ms: row.received_ms,
    state: row.state,
    warned: row.warned === 1,
    findings: extract?.findings.length ?? 0,
    handled: row.handled === 1,
    summary: summaryOf(reader, kid),
  };
}

/** What the planner noted of the item: the newest note of the sessions that were given it as their item. */
function summaryOf(reader: Reader, kid: string): string | null {
  const rows = reader.all(
    sql
      .selectFrom('tasks')
      .innerJoin('deliveries', 'deliveries.sid', 'tasks.sid')
      .innerJoin('sessions', 'sessions.sid', 'tasks.sid')
      .select('tasks.data')
      .where('deliveries.kid', '=', kid)
      .where('sessions.origin', '=', 'item')
      .orderBy('tasks.at_ms', 'desc')
      .limit(20),
  );
  for (const row of rows) {
    const data = JSON.parse(row.data) as Record<string, unknown>;
    const { kind, text } = data;
    if (kind === 'note' && typeof text === 'string' && text !== '') return text.slice(0, 2_000);
  }
  return null;
}
