import type { Clock, Decision, DecisionRequest, RandomBytes, Sha256Hex, SubjectHash } from '../contracts/index.ts';
import type { Ledger } from '../state/index.ts';

/** The policy in force: the text that the owner confirmed, compiled. */
export interface PolicyPort {
  readonly decide: (request: DecisionRequest) => Decision;
  /** The decision that the policy in force makes of a request, in words for the owner. */
  readonly explain: (request: DecisionRequest) => string;
  /** SHA-256 of the confirmed text. */
  readonly digest: string;
}

/** What the owner has confirmed, read anew whenever it is asked. */
export interface ConfirmedPort {
  readonly policy: () => PolicyPort;
  readonly contacts: () => ContactBook;
  /**
   * Null while every file on the disk is what the owner confirmed; else the sentence that a refused outbound act
   * carries and that says what to run.
   */
  readonly changed: () => string | null;
}

/** Destinations that the owner typed. Keys are `MailAddress.key`. */
export interface ContactBook {
  readonly nameOf: (key: string) => string | null;
  readonly self: string;
  readonly selfName: string;
}

export type PerformState = 'succeeded' | 'failed' | 'unknown' | 'absent';
export interface PerformOutcome {
  readonly state: PerformState;
  /** Digest of the bytes that were taken, when the provider told. */
  readonly accepted: string | null;
  readonly reason: string | null;
}

/** One provider, behind its connector process. */
export interface ConnectorPort {
  readonly perform: (act: { jti: string; wh: string; payload: Uint8Array }) => Promise<PerformOutcome>;
  readonly reconcile: (act: { jti: string; wh: string }) => Promise<PerformOutcome>;
}

/** What every station of Zone 1 is handed. */
export interface Station {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly sha256Hex: Sha256Hex;
  readonly subjectHash: SubjectHash;
  readonly confirmed: ConfirmedPort;
  /** The kill switch: false means that nothing may act any more. */
  readonly armed: () => boolean;
  /** Open means blocked (part 5 moves it; until then it stays closed). */
  readonly breakerOpen: () => boolean;
  readonly caps: Caps;
}

/** Numbers that the owner may set in `hardshell.json`. */
export interface Caps {
  readonly pendingPerSession: number;
  readonly questionsPerDay: number;
  readonly questionsPerSender: number;
  /** Of `questionsPerDay`, those that only the owner's own instructions may spend. */
  readonly questionsReserved: number;
  /** Milliseconds that every outbound act waits at least, in which a denial still wins. */
  readonly outboxDelayMs: number;
  readonly retentionDays: number;
  readonly rawRetentionDays: number;
}
