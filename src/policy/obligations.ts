import { APPROVALS, type ApprovalRule, type Effect, type Obligations, type Rate } from '../contracts/index.ts';

/** What the annotations of one permit ask. `approval` null: it says nothing of it. */
export interface PermitTerms {
  readonly approval: ApprovalRule | null;
  readonly rates: readonly Rate[];
  readonly delayMs: number;
}

/**
 * The strictest of each over all permits that determined the decision: the highest approval, the longest delay, and
 * of each kind of rate (unit and window) the smallest count. An outbound permit without `@approval` means `owner`.
 */
export function joinTerms(terms: readonly PermitTerms[], effect: Effect): Obligations {
  const implied: ApprovalRule = effect === 'outbound' ? 'owner' : 'none';
  const rates = new Map<string, Rate>();
  for (const rate of terms.flatMap((term) => term.rates)) {
    const key = `${rate.unit}/${rate.windowMs}`;
    const held = rates.get(key);
    if (held === undefined || rate.count < held.count) rates.set(key, rate);
  }
  return {
    approval: terms.map(({ approval }) => approval ?? implied).reduce(stricterApproval, 'none'),
    rates: [...rates.values()].sort(
      (a, b) => a.windowMs - b.windowMs || Number(a.unit > b.unit) - Number(a.unit < b.unit),
    ),
    delayMs: Math.max(0, ...terms.map(({ delayMs }) => delayMs)),
  };
}

/** The stricter of two approvals. */
export function stricterApproval(a: ApprovalRule, b: ApprovalRule): ApprovalRule {
  return APPROVALS.indexOf(a) >= APPROVALS.indexOf(b) ? a : b;
}
