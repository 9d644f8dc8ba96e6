import type { Channel } from '../../contracts/index.ts';

/** A raw message as it was found. Its bytes are hostile; no connector parses them. */
export interface RawMessage {
  readonly kind: 'message';
  readonly channel: Channel;
  /** The connector's own name of it, stable over restarts. */
  readonly key: string;
  readonly bytes: Buffer;
  readonly receivedAt: Date;
}

/** A message that cannot be taken. */
export interface SkippedMessage {
  readonly kind: 'skipped';
  readonly channel: Channel;
  readonly key: string;
  readonly reason: 'too_large' | 'unreadable';
}

export type Fetched = RawMessage | SkippedMessage;

/**
 * What is known of an act. `failed` and `absent`: nothing was done, for sure. `unknown`: it may have been.
 * `accepted` is the digest of what the provider took, in the terms of `wh`.
 */
export type PerformOutcome =
  | { readonly state: 'succeeded'; readonly accepted: string }
  | { readonly state: 'failed'; readonly reason: 'refused' | 'disk_full' | 'io' | 'mismatch' }
  | { readonly state: 'unknown'; readonly reason: 'io' | 'mismatch'; readonly accepted?: string }
  | { readonly state: 'absent'; readonly reason: 'not_found' };

/** One act: the grant's id, the digest that was approved, and bytes that were checked against it. */
export interface Act {
  readonly jti: string;
  readonly wh: string;
  readonly envelope: Buffer;
  readonly content: Buffer;
}

/** What a provider's connector can do. The protocol around it is `serveConnector`. */
export interface Provider {
  readonly name: string;
  /** These messages are stored (or their loss is recorded) durably by the executor: never delivered again. */
  readonly acknowledge: (keys: readonly string[]) => Promise<void>;
  /** The next message in order of arrival, or null when there is none now. */
  readonly next: () => Promise<Fetched | null>;
  /** True when `next` would have something without looking again. */
  readonly hasMore: () => boolean;
  /** Resolves when there may be something new, after `timeoutMs` at the latest, or when aborted. */
  readonly changed: (timeoutMs: number, signal: AbortSignal) => Promise<void>;
  /** Does the act at most once, whatever happened before under this `jti`. Never throws. */
  readonly perform: (act: Act) => Promise<PerformOutcome>;
  readonly reconcile: (asked: Pick<Act, 'jti' | 'wh'>) => Promise<PerformOutcome>;
  readonly close: () => void;
}
