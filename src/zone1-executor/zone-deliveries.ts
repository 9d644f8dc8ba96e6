import { sql } from '../state/index.ts';
import { forZone, getContent } from './content-store.ts';
import type { Session } from './sessions.ts';
import { errorOf } from './wire-answer.ts';
import type { ZoneDesk } from './zone-desk.ts';

/** The oldest item that was given to the session and is not done; at least once, until `item_done`. */
export async function nextItem(desk: ZoneDesk, session: Session, waitMs: number, signal: AbortSignal): Promise<object> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const { reader } = desk.station.ledger;
    const row = reader.get(
      sql
        .selectFrom('deliveries')
        .select(['ref', 'kid'])
        .where('sid', '=', session.sid)
        .where('done', '=', 0)
        .orderBy('at_ms')
        .limit(1),
    );
    const content = row === undefined ? undefined : getContent(reader, row.kid);
    if (row !== undefined && content !== undefined) {
      return { type: 'item', content_ref: row.ref, channel: content.channel, message: forZone(content.extract) };
    }
    if (!(await desk.notifier.wait(`session:${session.sid}`, deadline - performance.now(), signal)))
      return { type: 'none' };
  }
}

/** The planner is through with an item. */
export async function itemDone(desk: ZoneDesk, session: Session, ref: string): Promise<object> {
  const changed = await desk.station.ledger.commit((tx) => {
    const known = tx.get(
      sql
        .selectFrom('deliveries')
        .innerJoin('contents', 'contents.kid', 'deliveries.kid')
        .select(['deliveries.kid', 'deliveries.done', 'contents.channel'])
        .where('deliveries.ref', '=', ref)
        .where('deliveries.sid', '=', session.sid),
    );
    if (known === undefined) return false;
    // Said again: true already, and nothing to put on the record.
    if (known.done === 1) return true;
    tx.run(sql.updateTable('deliveries').set({ done: 1 }).where('ref', '=', ref));
    tx.record({
      event: 'item_done',
      zone: 'zone2-planner',
      session: desk.station.subjectHash(session.sid),
      subject: desk.station.subjectHash(known.kid),
      details: { channel: known.channel },
    });
    return true;
  });
  return changed
    ? { type: 'item_done', content_ref: ref }
    : errorOf({ error: 'not_found', message: 'no such item in this session' });
}

/** The owner's next words to this session. Given once; again only to a process that was started after one died. */
export async function nextInstruction(
  desk: ZoneDesk,
  session: Session,
  waitMs: number,
  signal: AbortSignal,
): Promise<object> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const waiting = sql
      .selectFrom('instructions')
      .selectAll()
      .where('sid', '=', session.sid)
      .where('taken', '=', 0)
      .orderBy('seq')
      .limit(1);
    const any = desk.station.ledger.reader.get(waiting);
    const row =
      any === undefined
        ? undefined
        : await desk.station.ledger.commit((tx) => {
            const next = tx.get(waiting);
            if (next !== undefined) {
              tx.run(
                sql
                  .updateTable('instructions')
                  .set({ taken: 1 })
                  .where('sid', '=', next.sid)
                  .where('seq', '=', next.seq),
              );
            }
            return next;
          });
    if (row !== undefined)
      return { type: 'instruction', text: row.text, ...(row.task === null ? {} : { task: row.task }) };
    if (!(await desk.notifier.wait(`session:${session.sid}`, deadline - performance.now(), signal)))
      return { type: 'none' };
  }
}
