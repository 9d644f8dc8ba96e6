/**
 * What pure rooms and stations are handed instead of reaching for it.
 * `bootMs` is milliseconds on a clock that only ever goes forward and counts suspended time; expiry uses nothing else.
 */
export interface Clock {
  /** Whole milliseconds of the boot-time clock. */
  readonly bootMs: () => number;
  /** Whole milliseconds since the epoch, for display and order only. */
  readonly wallMs: () => number;
  /** Changes with every boot; deadlines of another boot are over. */
  readonly bootId: string;
}

/** `n` bytes from the system's generator. */
export type RandomBytes = (n: number) => Uint8Array;

/** Lower-case hex SHA-256. Strings are UTF-8. */
export type Sha256Hex = (data: Uint8Array | string) => string;

/** Keyed hash for the log: 32 hex digits of HMAC-SHA256. */
export type SubjectHash = (identifier: string) => string;
