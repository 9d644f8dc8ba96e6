/** What a zone is told. The codes are the wire's own (design, section 9) and never change their meaning. */
export const WIRE_ERROR_CODES = [
  'malformed',
  'too_large',
  'unknown_type',
  'unknown_version',
  'action_not_allowed',
  'invalid_params',
  'policy_denied',
  'rate_limited',
  'not_found',
  'killed',
  'breaker_open',
  'token_invalid',
  'token_expired',
  'token_used',
  'params_mismatch',
  'outcome_unknown',
  'provider_error',
  'unavailable',
  'overloaded',
] as const;
export type WireErrorCode = (typeof WIRE_ERROR_CODES)[number];

/** Codes of failures inside one process that no zone is told about in these words. */
export type InternalErrorCode =
  | 'config_invalid'
  | 'home_unsafe'
  | 'state_corrupt'
  | 'log_broken'
  | 'disk_failed'
  | 'isolation_failed'
  | 'connection_lost'
  | 'timeout'
  | 'presence_required'
  | 'presence_failed'
  | 'invariant_broken';

export type ErrorCode = WireErrorCode | InternalErrorCode;

/**
 * What may be done about a failure: `refuse` is the caller's fault, `retry` is weather, `stop` means that the state is
 * unknown and nothing further may act.
 */
export type Fate = 'refuse' | 'retry' | 'stop';

/** The one base class. The message is ours: no secret and no hostile text is ever put into it. */
export class HardshellError extends Error {
  readonly code: ErrorCode;
  readonly fate: Fate;

  constructor(code: ErrorCode, message: string, options: { fate: Fate; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HardshellError';
    this.code = code;
    this.fate = options.fate;
  }
}

/** The refusal that a zone reads: a code, a sentence a person can act on, and what the code carries. */
export interface Refusal {
  readonly error: WireErrorCode;
  readonly message: string;
  readonly requires_approval?: boolean;
  readonly issues?: readonly ParamIssue[];
  readonly retry_after_ms?: number;
}

export interface ParamIssue {
  /** Dotted path into `params`; empty for the object itself. */
  readonly path: string;
  readonly message: string;
}

/** Result of a step that may be refused: a refusal is a value, not an exception. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

export function accepted<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function refused(
  error: WireErrorCode,
  message: string,
  extra: Omit<Refusal, 'error' | 'message'> = {},
): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal: { error, message, ...extra } };
}
