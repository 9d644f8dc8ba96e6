/** Hashed before every line, so that no other file's digest can be passed off as a line's. */
export const LINE_DOMAIN = 'hardshell/audit/v1\n';
/** `prev` of the first line. */
export const GENESIS = '0'.repeat(64);
/** A line is a fixed set of short members; anything longer was not written by us. */
export const LINE_BYTES_MAX = 4096;
/** The file of the executor's log inside the audit folder. */
export const MAIN_LOG = 'audit.jsonl';

/** `,"hash":"` and 64 digits and `"}`. */
export const HASH_TAIL = 75;
/** `,"prev":"` and 64 digits and `"`. */
export const PREV_TAIL = 74;

/** Where a line stands: its number, counted from 1, and its hash. `seq` 0 is the empty log. */
export interface Place {
  readonly seq: number;
  readonly hash: string;
}
export const EMPTY: Place = { seq: 0, hash: GENESIS };
