import { hash as digestOf } from 'node:crypto';
import type { Digest } from './merkle.ts';
import { HASH_TAIL, LINE_BYTES_MAX, LINE_DOMAIN, PREV_TAIL } from './format.ts';

/** Bytes before a line that the check may overwrite; whoever hands in a line leaves them free. */
export const ROOM_BEFORE = 32;

const DOMAIN = Buffer.from(LINE_DOMAIN, 'latin1');
const HEAD = Buffer.from('{"v":1,"seq":', 'latin1');
const AFTER_SEQ = Buffer.from(',"time":"', 'latin1');
const TAIL = PREV_TAIL + HASH_TAIL;
const LINE_BYTES_MIN = HEAD.length + 1 + AFTER_SEQ.length + TAIL;

/** What a line was found to be: its number, the hash it builds on and its own, all proven by its bytes. */
export interface CheckedLine {
  seq: number;
  prev: string;
  hash: string;
  /** Offset of the event's name in the buffer the line was checked in. */
  eventAt: number;
}

/**
 * Checks frame and hash of the raw line in `buffer[start, end)` (no LF) into `out`. True when both are right; that its
 * number and `prev` continue another line is for the caller to compare. No text is decoded: only bytes count.
 */
export function checkLine(buffer: Buffer, start: number, end: number, out: CheckedLine): boolean {
  const length = end - start;
  if (length < LINE_BYTES_MIN || length > LINE_BYTES_MAX || !bytesAt(buffer, start, HEAD)) return false;
  let at = start + HEAD.length;
  let seq = 0;
  for (const limit = at + 15; at < limit; at++) {
    const digit = (buffer[at] ?? 0) - 48;
    if (digit < 0 || digit > 9 || (digit === 0 && seq === 0)) break;
    seq = seq * 10 + digit;
  }
  if (seq === 0 || !bytesAt(buffer, at, AFTER_SEQ)) return false;
  const tail = buffer.toString('latin1', end - TAIL, end);
  if (!tail.startsWith(',"prev":"') || !tail.startsWith('","hash":"', 73) || !tail.endsWith('"}')) return false;
  DOMAIN.copy(buffer, start - DOMAIN.length);
  const hash = digestOf('sha256', buffer.subarray(start - DOMAIN.length, end - HASH_TAIL), 'hex');
  if (!tail.startsWith(hash, 83)) return false;
  out.seq = seq;
  out.prev = tail.slice(9, 73);
  out.hash = hash;
  // Behind it a time of 24 characters and a mode of one or four, all under the hash.
  const modeAt = at + AFTER_SEQ.length + 24 + '","mode":"'.length;
  out.eventAt = modeAt + (buffer[modeAt + 1] === 34 ? 1 : 4) + '","event":"'.length;
  return true;
}

/** RFC 9162 leaf hash of the line in `buffer[start, end)`; overwrites the byte before it. */
export function leafAt(buffer: Buffer, start: number, end: number): Digest {
  buffer[start - 1] = 0;
  return digestOf('sha256', buffer.subarray(start - 1, end), 'binary');
}

function bytesAt(buffer: Buffer, at: number, expected: Buffer): boolean {
  for (let i = 0; i < expected.length; i++) if (buffer[at + i] !== expected[i]) return false;
  return true;
}
