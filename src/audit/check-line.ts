import { hash as digestOf } from 'node:crypto';
import type { Place } from './format.ts';
import { HASH_TAIL, LINE_BYTES_MAX, LINE_DOMAIN, PREV_TAIL } from './format.ts';
import type { Digest } from './merkle.ts';

/** Bytes before a line that the check may overwrite; whoever hands in a line leaves them free. */
export const ROOM_BEFORE = 32;

const DOMAIN = Buffer.from(LINE_DOMAIN, 'latin1');
const HEAD = Buffer.from('{"v":1,"seq":', 'latin1');
const AFTER_SEQ = Buffer.from(',"time":"', 'latin1');
const PREV = Buffer.from(',"prev":"', 'latin1');
const HASH = Buffer.from('","hash":"', 'latin1');
/** `,"prev":"` 64 `","hash":"` 64 `"}`. */
const TAIL = PREV_TAIL + HASH_TAIL;
const LINE_BYTES_MIN = HEAD.length + 1 + AFTER_SEQ.length + TAIL;

/**
 * Checks raw lines one after another. A million lines go through one of these, so it makes as few strings as it can:
 * hashes are compared as bytes, four at a time (half the time of comparing strings of the same 64 digits).
 */
export class LineChecker {
  /** Of the last good line. */
  seq: number;
  hash: string;
  /** Hash the last good line builds on, as it says itself. */
  prev = '';
  /** Whether the last good line follows the one before it (or the place this began at). */
  joins = false;
  /** Offset of the last good line's event name in the buffer it was checked in. */
  eventAt = 0;
  readonly #hashBytes = Buffer.alloc(64);
  readonly #hashView = new DataView(this.#hashBytes.buffer, this.#hashBytes.byteOffset, 64);
  #buffer: Buffer | null = null;
  #view: DataView = this.#hashView;

  constructor(after: Place) {
    this.seq = after.seq;
    this.hash = after.hash;
    this.#hashBytes.write(after.hash, 'latin1');
  }

  /**
   * Checks frame and hash of the raw line in `buffer[start, end)` (no LF). True when both are right; whether it also
   * follows the line before is in `joins`. No text is decoded: only bytes count. Overwrites the bytes before it.
   */
  check(buffer: Buffer, start: number, end: number): boolean {
    const length = end - start;
    if (length < LINE_BYTES_MIN || length > LINE_BYTES_MAX || !bytesAt(buffer, start, HEAD)) return false;
    let at = start + HEAD.length;
    let seq = 0;
    for (const limit = at + 15; at < limit; at++) {
      const digit = (buffer[at] ?? 0) - 48;
      if (digit < 0 || digit > 9 || (digit === 0 && seq === 0)) break;
      seq = seq * 10 + digit;
    }
    if (seq === 0 || !bytesAt(buffer, at, AFTER_SEQ) || !isTail(buffer, end)) return false;
    const view = this.#viewOf(buffer);
    const follows = sameDigits(view, end - TAIL + PREV.length, this.#hashView);
    const from = start - DOMAIN.length;
    for (let i = 0; i < DOMAIN.length; i++) buffer[from + i] = DOMAIN[i] ?? 0;
    const hash = digestOf('sha256', buffer.subarray(from, end - HASH_TAIL), 'hex');
    this.#hashBytes.write(hash, 0, 64, 'latin1');
    if (!sameDigits(view, end - 66, this.#hashView)) {
      this.#hashBytes.write(this.hash, 0, 64, 'latin1');
      return false;
    }
    this.joins = follows && seq === this.seq + 1;
    this.prev = follows ? this.hash : buffer.toString('latin1', end - TAIL + PREV.length, end - HASH_TAIL - 1);
    this.seq = seq;
    this.hash = hash;
    // Behind the number stand a time of 24 characters and a mode of one or four, all under the hash.
    const modeAt = at + AFTER_SEQ.length + 24 + '","mode":"'.length;
    this.eventAt = modeAt + (buffer[modeAt + 1] === 34 ? 1 : 4) + '","event":"'.length;
    return true;
  }

  #viewOf(buffer: Buffer): DataView {
    if (this.#buffer !== buffer) {
      this.#buffer = buffer;
      this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    }
    return this.#view;
  }
}

/** RFC 9162 leaf hash of the line in `buffer[start, end)`; overwrites the byte before it. */
export function leafAt(buffer: Buffer, start: number, end: number): Digest {
  buffer[start - 1] = 0;
  return digestOf('sha256', buffer.subarray(start - 1, end), 'binary');
}

/**
 * The fixed characters of a line's end. The digits between are compared as bytes with digits of ours; only `prev` of a
 * line that does not follow is taken as it stands, and then never matches a hash unless it is one.
 */
function isTail(buffer: Buffer, end: number): boolean {
  return (
    bytesAt(buffer, end - TAIL, PREV) &&
    bytesAt(buffer, end - HASH_TAIL - 1, HASH) &&
    buffer[end - 2] === 0x22 &&
    buffer[end - 1] === 0x7d
  );
}

function sameDigits(view: DataView, at: number, digits: DataView): boolean {
  for (let i = 0; i < 64; i += 4) if (view.getUint32(at + i) !== digits.getUint32(i)) return false;
  return true;
}

function bytesAt(buffer: Buffer, at: number, expected: Buffer): boolean {
  for (let i = 0; i < expected.length; i++) if (buffer[at + i] !== expected[i]) return false;
  return true;
}
