import { hash as digestOf } from 'node:crypto';
import type { Digest } from './merkle.ts';
import type { Place } from './format.ts';
import { HASH_TAIL, LINE_BYTES_MAX, LINE_DOMAIN, PREV_TAIL } from './format.ts';

/** Bytes before a line that the check may overwrite; whoever hands in a line leaves them free. */
export const ROOM_BEFORE = 32;

const DOMAIN = Buffer.from(LINE_DOMAIN, 'latin1');
const HEAD = Buffer.from('{"v":1,"seq":', 'latin1');
const AFTER_SEQ = Buffer.from(',"time":"', 'latin1');
const TAIL = PREV_TAIL + HASH_TAIL;
const LINE_BYTES_MIN = HEAD.length + 1 + AFTER_SEQ.length + TAIL;

/**
 * The last good line of a walk; checking the next one moves it on. Reused for a million lines, so that a check makes no
 * garbage it can avoid.
 */
export interface CheckedLine {
  seq: number;
  /** Hash the line builds on, as the line says. */
  prev: string;
  hash: string;
  /** Whether the line before was checked into this same place and this one follows it. */
  joins: boolean;
  /** Offset of the event's name in the buffer the line was checked in. */
  eventAt: number;
}

/** A place to check lines into that follow `after`. */
export function startAt(after: Place): CheckedLine {
  return { seq: after.seq, prev: '', hash: after.hash, joins: false, eventAt: 0 };
}

/**
 * Checks frame and hash of the raw line in `buffer[start, end)` (no LF) into `line`. True when both are right; whether
 * it follows the line checked before is in `line.joins`. No text is decoded: only bytes count.
 */
export function checkLine(buffer: Buffer, start: number, end: number, line: CheckedLine): boolean {
  const length = end - start;
  if (length < LINE_BYTES_MIN || length > LINE_BYTES_MAX) return false;
  for (let i = 0; i < HEAD.length; i++) if (buffer[start + i] !== HEAD[i]) return false;
  let at = start + HEAD.length;
  let seq = 0;
  for (const limit = at + 15; at < limit; at++) {
    const digit = (buffer[at] ?? 0) - 48;
    if (digit < 0 || digit > 9 || (digit === 0 && seq === 0)) break;
    seq = seq * 10 + digit;
  }
  if (seq === 0) return false;
  for (let i = 0; i < AFTER_SEQ.length; i++) if (buffer[at + i] !== AFTER_SEQ[i]) return false;
  const tail = buffer.toString('latin1', end - TAIL, end);
  if (!tail.startsWith(',"prev":"') || !tail.startsWith('","hash":"', 73) || !tail.endsWith('"}')) return false;
  const from = start - DOMAIN.length;
  for (let i = 0; i < DOMAIN.length; i++) buffer[from + i] = DOMAIN[i] ?? 0;
  const hash = digestOf('sha256', buffer.subarray(from, end - HASH_TAIL), 'hex');
  if (!tail.startsWith(hash, 83)) return false;
  const follows = tail.startsWith(line.hash, 9);
  line.joins = follows && seq === line.seq + 1;
  line.prev = follows ? line.hash : tail.slice(9, 73);
  line.seq = seq;
  line.hash = hash;
  // Behind it a time of 24 characters and a mode of one or four, all under the hash.
  const modeAt = at + AFTER_SEQ.length + 24 + '","mode":"'.length;
  line.eventAt = modeAt + (buffer[modeAt + 1] === 34 ? 1 : 4) + '","event":"'.length;
  return true;
}

/** RFC 9162 leaf hash of the line in `buffer[start, end)`; overwrites the byte before it. */
export function leafAt(buffer: Buffer, start: number, end: number): Digest {
  buffer[start - 1] = 0;
  return digestOf('sha256', buffer.subarray(start - 1, end), 'binary');
}
