import type { Label } from './label.ts';

/** Who has to answer before an act. In rising strictness. */
export const APPROVALS = ['none', 'owner', 'passkey', '2-of-3'] as const;
export type ApprovalRule = (typeof APPROVALS)[number];

export interface Rate {
  readonly count: number;
  readonly unit: 'acts' | 'items';
  readonly windowMs: number;
}

/** What binds an allowed act. Over all determining permits the strictest of each stands. */
export interface Obligations {
  readonly approval: ApprovalRule;
  readonly rates: readonly Rate[];
  /** Milliseconds in the outbox before dispatch, in which a denial still wins. */
  readonly delayMs: number;
}

/** How far a destination is from the owner; rising. `service` stands apart, by config. */
export type Audience = 'self' | 'contact' | 'unknown' | 'group' | 'public' | 'service';

export type Effect = 'read' | 'draft' | 'outbound';

/** A value that decides who or what is reached: a recipient, URL, channel, number, path. */
export interface AuthorityValue {
  /** The parameter it stands in, such as `to`. */
  readonly role: string;
  readonly value: string;
  readonly label: Label;
  /** It equals, whole, something that the owner typed for this role. Marks it; removes no approval. */
  readonly named: boolean;
  readonly audience: Audience;
}

/** What flow needs to know of one source that the payload or session has taken in. */
export interface SourceFacts {
  readonly id: string;
  readonly channel: string;
  readonly confidentiality: Label['confidentiality'];
  /** Destinations that have seen it already: its claimed sender. For flow only; gives no authority. */
  readonly readers: readonly string[];
}

/** Why an act wants an act of attention. */
export type RedMark =
  | { readonly kind: 'flow'; readonly sources: number; readonly recipients: readonly string[] }
  | { readonly kind: 'untrusted_destination'; readonly role: string; readonly value: string }
  | { readonly kind: 'injection_warning'; readonly sources: number };

export interface DecisionRequest {
  readonly zone: string;
  readonly origin: 'item' | 'instruction' | 'standing' | 'task' | 'agent';
  readonly action: string;
  readonly effect: Effect;
  readonly values: readonly AuthorityValue[];
  /** Join of the labels of everything that goes out (for reads: the session's). */
  readonly payload: Label;
  readonly sources: readonly SourceFacts[];
  /** Sources that the reader flagged. */
  readonly warnedSources: number;
  readonly killed: boolean;
  readonly breakerOpen: boolean;
}

export type Decision =
  | {
      readonly kind: 'allow';
      readonly obligations: Obligations;
      readonly red: readonly RedMark[];
      /** Ids of the determining rules, sorted. */
      readonly rules: readonly string[];
    }
  | {
      readonly kind: 'deny';
      /** `killed` and `breaker_open` are told in their own words; everything else is `policy_denied`. */
      readonly code: 'killed' | 'breaker_open' | 'action_not_allowed' | 'policy_denied';
      /** A sentence that a person can act on. */
      readonly reason: string;
      readonly rules: readonly string[];
    };

const STRICTNESS: readonly ApprovalRule[] = APPROVALS;

/** True when `now` binds more than `then` did: the grant made under `then` is void. */
export function isStricter(now: Decision, then: Decision): boolean {
  if (then.kind === 'deny') return false;
  if (now.kind === 'deny') return true;
  const { obligations: a, red } = now;
  const { obligations: b } = then;
  return (
    STRICTNESS.indexOf(a.approval) > STRICTNESS.indexOf(b.approval) ||
    a.delayMs > b.delayMs ||
    red.some((mark) => !then.red.some((old) => sameMark(old, mark))) ||
    a.rates.some((rate) => !b.rates.some((old) => asTight(old, rate)))
  );
}

function sameMark(a: RedMark, b: RedMark): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function asTight(old: Rate, rate: Rate): boolean {
  return old.unit === rate.unit && old.windowMs === rate.windowMs && old.count <= rate.count;
}
