import {
  accepted,
  LIMITS,
  refused,
  type Approval,
  type ApprovalId,
  type AuditReason,
  type Outcome,
} from '../contracts/index.ts';
import { sql, type Tx } from '../state/index.ts';
import { about, finish } from './approval-ending.ts';
import type { Answer, ApprovalPorts } from './approvals.ts';
import { getRow, isOpen, toApproval, type ApprovalRow, type Moment } from './approvals-row.ts';

/** Ends what time has ended: questions past their deadline, and approvals whose grant ran out or was voided unused. */
export function expireApprovals(tx: Tx, now: Moment, ports: Pick<ApprovalPorts, 'hash'>): Approval[] {
  const pending = tx
    .all(sql.selectFrom('approvals').selectAll().where('state', '=', 'pending'))
    .filter((row) => !isOpen(row, now));
  const approved = tx
    .all(
      sql
        .selectFrom('approvals')
        .innerJoin('grants', 'grants.apr', 'approvals.apr')
        .selectAll('approvals')
        .select([
          'grants.state as grant_state',
          'grants.expires_boot_ms as grant_expires',
          'grants.boot_id as grant_boot',
        ])
        .where('approvals.state', '=', 'approved')
        .where('grants.state', '!=', 'used'),
    )
    .filter(
      (row) =>
        row.grant_state === 'void' || !isOpen({ boot_id: row.grant_boot, expires_boot_ms: row.grant_expires }, now),
    );
  return [...pending, ...approved.map((row) => getRow(tx, row.apr)).filter((row) => row !== undefined)].map((row) =>
    finish(tx, row, { state: 'expired', method: 'timeout', now, hash: ports.hash }),
  );
}

/** Cancels what waits: of one session, or all. */
export function cancelApprovals(
  tx: Tx,
  scope: { readonly session: string } | 'all',
  reason: AuditReason,
  now: Moment,
  ports: Pick<ApprovalPorts, 'hash'>,
): Approval[] {
  const waiting = sql.selectFrom('approvals').selectAll().where('state', '=', 'pending');
  const rows = tx.all(scope === 'all' ? waiting : waiting.where('sid', '=', scope.session));
  return rows.map((row) => finish(tx, row, { state: 'cancelled', method: 'system', now, hash: ports.hash, reason }));
}

/**
 * Puts an expired question again, with the same content and hash and a new deadline. Only one that no person ever
 * approved: a grant is minted at most once in an approval's life. Refuses `not_found` and `token_used`.
 */
export function reopenApproval(
  tx: Tx,
  { id, method }: { readonly id: ApprovalId; readonly method: Answer['method'] },
  now: Moment,
  ports: Pick<ApprovalPorts, 'hash'>,
): Outcome<Approval> {
  const row = getRow(tx, id);
  if (row === undefined) return refused('not_found', `no approval \`${id}\` is on record`);
  if (row.state !== 'expired')
    return refused('token_used', `only an expired approval can be reopened; this one is ${row.state}`);
  if (tx.get(sql.selectFrom('grants').select('jti').where('rid', '=', row.rid)) !== undefined) {
    return refused('token_used', 'it was approved once and its grant is gone; have the agent ask anew');
  }
  const open: ApprovalRow = {
    ...row,
    state: 'pending',
    expires_boot_ms: Math.ceil(now.bootMs + LIMITS.approvalTtlMs.value),
    boot_id: now.bootId,
    answered_ms: null,
    method: null,
  };
  tx.run(sql.updateTable('approvals').set(open).where('apr', '=', id));
  tx.record({ ...about(row, 'control', ports.hash), event: 'approval_reopened', details: { method } });
  return accepted(toApproval(open));
}

/** Notes that the owner was told of an approval that nobody executed. */
export function noteUnexecuted(tx: Tx, approval: Approval, now: Moment, ports: Pick<ApprovalPorts, 'hash'>): void {
  const row = getRow(tx, approval.id);
  if (row === undefined) return;
  tx.run(sql.updateTable('approvals').set({ unexecuted_told: 1 }).where('apr', '=', row.apr));
  const waited_ms = Math.max(0, Math.round(now.wallMs - (row.answered_ms ?? now.wallMs)));
  tx.record({ ...about(row, 'zone1-executor', ports.hash), event: 'not_executed_notice', details: { waited_ms } });
}
