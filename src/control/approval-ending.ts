import {
  toAuditAction,
  type Approval,
  type AuditReason,
  type AuditSubject,
  type PresenceMethod,
  type SubjectHash,
} from '../contracts/index.ts';
import { sql, type Tx } from '../state/index.ts';
import { toApproval, type ApprovalRow, type Moment } from './approvals-row.ts';

/** How an approval ends, and who says so. */
export interface Ending {
  readonly state: 'approved' | 'denied' | 'expired' | 'cancelled';
  readonly method: PresenceMethod;
  readonly now: Moment;
  readonly hash: SubjectHash;
  readonly reason?: AuditReason;
}

/** Writes the end of an approval and records it. */
export function finish(tx: Tx, row: ApprovalRow, { state, method, now, hash, reason }: Ending): Approval {
  const ended: ApprovalRow = { ...row, state, method, answered_ms: now.wallMs };
  tx.run(sql.updateTable('approvals').set({ state, method, answered_ms: now.wallMs }).where('apr', '=', row.apr));
  const subject = about(row, state === 'approved' || state === 'denied' ? 'control' : 'zone1-executor', hash);
  switch (state) {
    case 'approved':
    case 'denied':
      tx.record({ ...subject, event: 'approval_answered', details: { verdict: state, method: personal(method) } });
      break;
    case 'expired':
      tx.record({
        ...subject,
        event: 'approval_expired',
        details: { waited_ms: Math.max(0, Math.round(now.wallMs - row.asked_ms)) },
      });
      break;
    case 'cancelled':
      tx.record({ ...subject, event: 'approval_cancelled', details: { reason: reason ?? 'other' } });
      break;
  }
  return toApproval(ended);
}

function personal(method: PresenceMethod): 'terminal' | 'passphrase' | 'passkey' | 'none' {
  return method === 'timeout' || method === 'system' ? 'none' : method;
}

/** Who and what an event of this approval is about, in keyed hashes. */
export function about(row: ApprovalRow, zone: AuditSubject['zone'], hash: SubjectHash): AuditSubject {
  return { zone, session: hash(row.sid), action: toAuditAction(row.act), subject: hash(row.apr) };
}
