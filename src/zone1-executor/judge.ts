import {
  accepted,
  isStricter,
  LIMITS,
  refused,
  toAuditAction,
  type Decision,
  type DecisionRequest,
  type Outcome,
  type Rate,
} from '../contracts/index.ts';
import type { ApprovalCaps } from '../control/index.ts';
import { sql, type Tables, type Tx } from '../state/index.ts';
import type { FrozenAsk } from './ask.ts';
import type { Station } from './ports.ts';
import { retryAfter } from './rates.ts';
import type { Session } from './sessions.ts';

/** The decision under the policy in force; an outbound act under files that the owner has not confirmed is denied. */
export function judge(station: Station, facts: DecisionRequest): Decision {
  const changed = facts.effect === 'outbound' ? station.confirmed.changed() : null;
  if (changed !== null) return { kind: 'deny', code: 'policy_denied', reason: changed, rules: [] };
  return station.confirmed.policy().decide({ ...facts, killed: !station.armed(), breakerOpen: station.breakerOpen() });
}

/**
 * The decision made anew from the frozen facts, at redemption and again just before dispatch. Refuses when it is a
 * denial, is stricter than what was approved, or the approval was taken back.
 */
export function stillAllowed(
  station: Station,
  tx: Tx,
  request: Tables['requests'],
): Outcome<{ readonly delayMs: number }> {
  const decision = judge(station, JSON.parse(request.facts) as DecisionRequest);
  if (decision.kind === 'deny') return refused(decision.code, decision.reason);
  if (isStricter(decision, JSON.parse(request.decision) as Decision)) {
    return refused('policy_denied', 'the policy became stricter since this was allowed; ask again');
  }
  const approval = tx.get(sql.selectFrom('approvals').select('state').where('rid', '=', request.rid));
  if (approval !== undefined && approval.state !== 'approved')
    return refused('policy_denied', `the approval is ${approval.state}`);
  return accepted({ delayMs: delayOf(station, decision) });
}

/** Policy and configuration may each ask for a wait; the longer one stands. Acts that stay in Zone 1 do not wait. */
export function delayOf(station: Station, decision: Extract<Decision, { kind: 'allow' }>): number {
  return Math.min(Math.max(decision.obligations.delayMs, station.caps.outboxDelayMs), LIMITS.outboxDelayMsMax.value);
}

export function rateWait(station: Station, tx: Tx, frozen: FrozenAsk, rates: readonly Rate[]): number {
  return retryAfter(tx, frozen.declaration.name, rates, frozen.prepared.units, station.clock.wallMs());
}

export function limitHit(station: Station, tx: Tx, session: Session, frozen: FrozenAsk, wait: number): void {
  tx.record({
    event: 'limit_hit',
    zone: 'zone1-executor',
    session: station.subjectHash(session.sid),
    action: toAuditAction(frozen.declaration.name),
    details: { limit: 'rate', retry_after_ms: Math.ceil(wait) },
  });
}

export function approvalCaps(station: Station): ApprovalCaps {
  return {
    pendingPerSession: station.caps.pendingPerSession,
    questionsPerDay: station.caps.questionsPerDay,
    questionsPerSenderPerDay: station.caps.questionsPerSender,
    questionsReservedForOwner: station.caps.questionsReserved,
  };
}

/** Both clocks at once, as `control` wants them. */
export function moment(station: Pick<Station, 'clock'>): { wallMs: number; bootMs: number; bootId: string } {
  return { wallMs: station.clock.wallMs(), bootMs: station.clock.bootMs(), bootId: station.clock.bootId };
}
