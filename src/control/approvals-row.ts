import type {
  Approval,
  ApprovalContent,
  ApprovalId,
  PresenceMethod,
  RequestId,
  SessionId,
} from '../contracts/index.ts';
import { sql, type Reader, type Tables } from '../state/index.ts';

export type ApprovalRow = Tables['approvals'];

/** What time it is, on both clocks. Deadlines use the boot-time clock only; wall time is for display, order and days. */
export interface Moment {
  readonly wallMs: number;
  readonly bootMs: number;
  readonly bootId: string;
}

/** The row as the rest of the program knows it. Rows are written by this room only, so their shape is an invariant. */
export function toApproval(row: ApprovalRow): Approval {
  return {
    id: row.apr as ApprovalId,
    request: row.rid as RequestId,
    session: row.sid as SessionId,
    state: row.state,
    rule: row.rule as Approval['rule'],
    action: row.act,
    wh: row.wh,
    ah: row.ah,
    content: JSON.parse(row.content) as ApprovalContent,
    delayMs: row.delay_ms,
    askedWallMs: row.asked_ms,
    expiresBootMs: row.expires_boot_ms,
    bootId: row.boot_id,
    answeredWallMs: row.answered_ms,
    method: row.method as PresenceMethod | null,
  };
}

/** True while the question may still be answered with yes. A deadline of another boot is over. */
export function isOpen(row: Pick<ApprovalRow, 'boot_id' | 'expires_boot_ms'>, now: Moment): boolean {
  return row.boot_id === now.bootId && now.bootMs < row.expires_boot_ms;
}

/** The approval of this id, or undefined. */
export function getApproval(reader: Reader, id: string): Approval | undefined {
  const row = getRow(reader, id);
  return row === undefined ? undefined : toApproval(row);
}

export function getRow(reader: Reader, id: string): ApprovalRow | undefined {
  return reader.get(sql.selectFrom('approvals').selectAll().where('apr', '=', id));
}

/**
 * Newest first. Without `all`: what waits for the owner, and what was approved and is not yet done with (in the outbox,
 * not executed, or of unknown outcome). At most `limit` (200).
 */
export function listApprovals(reader: Reader, options: { readonly all: boolean; readonly limit?: number }): Approval[] {
  const base = sql.selectFrom('approvals').selectAll('approvals');
  const query = options.all
    ? base
    : base
        .leftJoin('journal', 'journal.rid', 'approvals.rid')
        .where((eb) =>
          eb.or([
            eb('approvals.state', '=', 'pending'),
            eb.and([
              eb('approvals.state', '=', 'approved'),
              eb.or([
                eb('journal.state', 'is', null),
                eb('journal.state', 'in', ['intended', 'dispatched', 'unknown']),
              ]),
            ]),
          ]),
        );
  const ordered = query
    .orderBy('approvals.asked_ms', 'desc')
    .orderBy('approvals.apr')
    .limit(options.limit ?? 200);
  return reader.all(ordered).map(toApproval);
}

/** Approved more than `afterMs` ago, never redeemed, and not yet told to the owner. */
export function unexecuted(reader: Reader, now: Moment, afterMs: number): Approval[] {
  const query = sql
    .selectFrom('approvals')
    .selectAll('approvals')
    .leftJoin('grants', 'grants.apr', 'approvals.apr')
    .where('approvals.state', '=', 'approved')
    .where('approvals.unexecuted_told', '=', 0)
    .where('approvals.answered_ms', '<=', now.wallMs - afterMs)
    .where((eb) => eb.or([eb('grants.state', 'is', null), eb('grants.state', '!=', 'used')]))
    .orderBy('approvals.answered_ms');
  return reader.all(query).map(toApproval);
}
