import type { ApprovalRule, Audience, RedMark } from './decision.ts';
import type { ApprovalId, RequestId, SessionId } from './ids.ts';
import type { Label } from './label.ts';
import type { Reversibility } from './action.ts';

export type ApprovalState = 'pending' | 'approved' | 'denied' | 'expired' | 'cancelled';

/** A destination as it is shown. */
export interface ShownDestination {
  readonly role: string;
  readonly value: string;
  readonly audience: Audience;
  readonly named: boolean;
  /** Name of the contact, typed by the owner; never taken from a message. */
  readonly contact: string | null;
}

/** A stretch of a parameter that stands verbatim in delivered untrusted content. Offsets in UTF-16 units. */
export interface InfluenceSpan {
  readonly start: number;
  readonly end: number;
  /** Index into `ApprovalContent.sources`. */
  readonly source: number;
}

export interface ShownSource {
  readonly channel: string;
  /** The sender as the message claims it. Hostile text: rendered escaped. */
  readonly from: string;
  readonly subject: string;
  readonly warned: boolean;
}

/** A mail as its stored bytes decode. */
export interface ShownMail {
  readonly kind: 'mail';
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly bytes: number;
}

/** All that a person is shown before they answer; frozen when the question is recorded. Everything in it is data. */
export interface ApprovalContent {
  readonly action: string;
  readonly zone: string;
  readonly destinations: readonly ShownDestination[];
  readonly payload: ShownMail;
  /** Spans by decoded place: `subject` or `body`. */
  readonly influence: Readonly<Record<string, readonly InfluenceSpan[]>>;
  readonly sources: readonly ShownSource[];
  readonly label: Pick<Label, 'integrity' | 'confidentiality'>;
  readonly reversibility: Reversibility;
  readonly red: readonly RedMark[];
  readonly rationale: string;
}

/** One question and its answer. One hash, one answer. */
export interface Approval {
  readonly id: ApprovalId;
  readonly request: RequestId;
  readonly session: SessionId;
  readonly state: ApprovalState;
  readonly rule: Exclude<ApprovalRule, 'none'>;
  readonly action: string;
  readonly wh: string;
  readonly ah: string;
  readonly content: ApprovalContent;
  /** Milliseconds in the outbox after approval. */
  readonly delayMs: number;
  readonly askedWallMs: number;
  /** Deadline on the boot-time clock of boot `bootId`. */
  readonly expiresBootMs: number;
  readonly bootId: string;
  readonly answeredWallMs: number | null;
  readonly method: PresenceMethod | null;
}

export type PresenceMethod = 'terminal' | 'passphrase' | 'passkey' | 'timeout' | 'system';
export type Verdict = 'approve' | 'deny';
