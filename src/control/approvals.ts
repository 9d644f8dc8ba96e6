import {
  accepted,
  LIMITS,
  refused,
  toAuditZone,
  type Approval,
  type ApprovalContent,
  type ApprovalId,
  type Outcome,
  type PresenceMethod,
  type RequestId,
  type SessionId,
  type SubjectHash,
  type Verdict,
} from '../contracts/index.ts';
import { sql, type Tx } from '../state/index.ts';
import { checkCaps, spendQuestion, type ApprovalCaps, type Capped } from './approval-caps.ts';
import { about, finish } from './approval-ending.ts';
import { getRow, isOpen, toApproval, type ApprovalRow, type Moment } from './approvals-row.ts';
import { paysAttention } from './attention.ts';

/** A question as the executor puts it, its content frozen. */
export interface Ask {
  readonly id: ApprovalId;
  readonly request: RequestId;
  readonly session: SessionId;
  readonly rule: Approval['rule'];
  readonly action: string;
  /** Digest of the resolved parameters: same session, action and `ph` is the same question. */
  readonly ph: string;
  readonly wh: string;
  readonly ah: string;
  readonly content: ApprovalContent;
  readonly delayMs: number;
  /** `owner`: nothing from outside was delivered to the session. */
  readonly origin: 'owner' | 'outside';
  /** Claimed sender of the session's items (address key). Ignored for `owner`. */
  readonly sender: string;
}

export interface ApprovalPorts {
  readonly caps: ApprovalCaps;
  readonly hash: SubjectHash;
}

export type Asked =
  | { readonly kind: 'asked'; readonly approval: Approval }
  /** Asked before: pending, answered, or expired and left to the owner. Its state says which. */
  | { readonly kind: 'same'; readonly approval: Approval }
  | Capped;

/** Puts a question, unless it stands already or the caps are spent. Deadline: five minutes on the boot-time clock. */
export function askApproval(tx: Tx, ask: Ask, now: Moment, ports: ApprovalPorts): Asked {
  const same = findSame(tx, ask);
  if (same !== undefined) return { kind: 'same', approval: toApproval(same) };
  const asker = { ...ask, zone: ask.content.zone };
  const capped = checkCaps(tx, asker, now, ports);
  if (capped !== null) return capped;
  spendQuestion(tx, asker, now);
  const row: ApprovalRow = {
    apr: ask.id,
    rid: ask.request,
    sid: ask.session,
    state: 'pending',
    rule: ask.rule,
    act: ask.action,
    wh: ask.wh,
    ah: ask.ah,
    content: JSON.stringify(ask.content),
    delay_ms: ask.delayMs,
    asked_ms: now.wallMs,
    expires_boot_ms: Math.ceil(now.bootMs + LIMITS.approvalTtlMs.value),
    boot_id: now.bootId,
    answered_ms: null,
    method: null,
    unexecuted_told: 0,
    sender: ask.origin === 'owner' ? '' : ask.sender || '(none)',
  };
  tx.run(sql.insertInto('approvals').values(row));
  const pending = tx.all(sql.selectFrom('approvals').select('apr').where('state', '=', 'pending')).length;
  const zone = toAuditZone(ask.content.zone);
  tx.record({
    ...about(row, zone, ports.hash),
    event: 'approval_asked',
    details: { pending, red: ask.content.red.length > 0 },
  });
  return { kind: 'asked', approval: toApproval(row) };
}

export interface Answer {
  readonly id: ApprovalId;
  /** Hash of what was shown. An answer to other bytes is refused. */
  readonly ah: string;
  readonly verdict: Verdict;
  readonly method: Exclude<PresenceMethod, 'timeout' | 'system'>;
  /** What the person typed as act of attention. */
  readonly typed?: string | undefined;
}

/**
 * One answer to one question. Refuses `not_found`, `params_mismatch` (another hash), `token_used` (answered already),
 * `token_expired`, `policy_denied` (the method is too weak), `invalid_params` (red, and not typed).
 * The caller has verified the proof of presence. A denial of an approved act goes through `denyApproved`.
 */
export function answerApproval(
  tx: Tx,
  answer: Answer,
  now: Moment,
  ports: Pick<ApprovalPorts, 'hash'>,
): Outcome<Approval> {
  const row = getRow(tx, answer.id);
  if (row === undefined) return refused('not_found', `no approval \`${answer.id}\` is on record`);
  if (row.ah !== answer.ah)
    return refused('params_mismatch', 'the answer is for other content than what waits; show the approval again');
  if (row.state !== 'pending') return refused('token_used', `the approval is already ${row.state}`);
  if (answer.verdict === 'deny')
    return accepted(finish(tx, row, { state: 'denied', method: answer.method, now, hash: ports.hash }));
  if (!isOpen(row, now)) {
    return refused(
      'token_expired',
      `the question has expired; reopen it with \`hardshell approvals reopen ${row.apr}\``,
    );
  }
  const problem = checkMethod(row, answer);
  if (problem !== null) return problem;
  return accepted(finish(tx, row, { state: 'approved', method: answer.method, now, hash: ports.hash }));
}

/**
 * A denial after an approval: it wins until the act is dispatched. `dispatched` is what the journal says, read in the
 * same step. Refuses `not_found`, `params_mismatch`, `token_used`.
 */
export function denyApproved(
  tx: Tx,
  denial: Pick<Answer, 'id' | 'ah' | 'method'> & { readonly dispatched: boolean },
  now: Moment,
  ports: Pick<ApprovalPorts, 'hash'>,
): Outcome<Approval> {
  const row = getRow(tx, denial.id);
  if (row === undefined) return refused('not_found', `no approval \`${denial.id}\` is on record`);
  if (row.ah !== denial.ah)
    return refused(
      'params_mismatch',
      'the answer is for other content than what was approved; show the approval again',
    );
  if (row.state !== 'approved') return refused('token_used', `the approval is already ${row.state}`);
  if (denial.dispatched) return refused('token_used', 'it was sent before the denial came; nothing can call it back');
  return accepted(finish(tx, row, { state: 'denied', method: denial.method, now, hash: ports.hash }));
}

/**
 * The same question of the same session, whatever became of it: a denial is not asked again, an expired one is the
 * owner's to reopen. Once it was executed, or was cancelled, it may be asked anew.
 */
function findSame(tx: Tx, ask: Ask): ApprovalRow | undefined {
  return tx.get(
    sql
      .selectFrom('approvals')
      .innerJoin('requests', 'requests.rid', 'approvals.rid')
      .selectAll('approvals')
      .where('approvals.sid', '=', ask.session)
      .where('approvals.act', '=', ask.action)
      .where('requests.ph', '=', ask.ph)
      .where('requests.state', '!=', 'executed')
      .where('approvals.state', '!=', 'cancelled')
      .orderBy('approvals.asked_ms', 'desc')
      .limit(1),
  );
}

function checkMethod(row: ApprovalRow, answer: Answer): ReturnType<typeof refused> | null {
  if (row.rule !== 'owner' && answer.method !== 'passkey') {
    return refused('policy_denied', `policy wants \`${row.rule}\` for this act; passkeys and quorums come with part 4`);
  }
  const { content } = toApproval(row);
  if (content.red.length === 0 || answer.method === 'passkey') return null;
  if (paysAttention(content, answer.typed ?? '')) return null;
  return refused('invalid_params', 'this act is red: type the address of every marked recipient to approve it');
}
