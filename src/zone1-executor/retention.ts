import { sql, type Tx } from '../state/index.ts';
import type { Station } from './ports.ts';

const DAY_MS = 86_400_000;

/**
 * Removes what was asked, answered and done longer ago than the retention, with the bytes that belonged to it. What is
 * under way or unknown stays, and so does every message's row: a source of an open request stays a source.
 * Returns how many requests went.
 */
export function retireRecords(station: Station, tx: Tx): number {
  const before = station.clock.wallMs() - station.caps.retentionDays * DAY_MS;
  tx.run(sql.deleteFrom('journal').where('state', 'in', ['succeeded', 'failed']).where('at_ms', '<', before));
  const gone = tx.run(
    sql
      .deleteFrom('requests')
      .where('at_ms', '<', before)
      .where('state', 'in', ['denied', 'expired', 'cancelled', 'executed'])
      .where('rid', 'not in', sql.selectFrom('journal').select('rid')),
  );
  const kept = sql.selectFrom('requests').select('rid');
  tx.run(sql.deleteFrom('approvals').where('state', '!=', 'pending').where('rid', 'not in', kept));
  // A token lives five minutes and its key no longer than the process: a grant this old can be redeemed by nobody.
  tx.run(sql.deleteFrom('grants').where('state', '!=', 'minted').where('rid', 'not in', kept));
  const payloads = sql.selectFrom('requests').select('wh').where('wh', 'is not', null).$castTo<{ wh: string }>();
  tx.run(sql.deleteFrom('payloads').where('wh', 'not in', payloads));
  tx.run(sql.deleteFrom('drafts').where('at_ms', '<', before));
  tx.run(sql.deleteFrom('tasks').where('due', 'is', null).where('cron', 'is', null).where('at_ms', '<', before));
  const ended = sql.selectFrom('sessions').select('sid').where('state', '=', 'closed').where('closed_ms', '<', before);
  tx.run(sql.deleteFrom('instructions').where('sid', 'in', ended));
  tx.run(sql.deleteFrom('deliveries').where('sid', 'in', ended));
  return gone;
}
