import { hash as digestOf } from 'node:crypto';
import { HardshellError, parseAuditEvent } from '../contracts/index.ts';
import type { AuditEvent, AuditMode } from '../contracts/index.ts';
import { HASH_TAIL, LINE_BYTES_MAX, LINE_DOMAIN, PREV_TAIL } from './format.ts';
import type { Place } from './format.ts';

/** What a raw line says about its own place. */
export interface Frame extends Place {
  readonly prev: string;
}

/**
 * The exact line, without LF, that follows `after`.
 * @throws HardshellError `invariant_broken` when the event is not one of ours; the message names the member, no value.
 */
export function makeLine(event: AuditEvent, after: Place, stamp: { timeMs: number; mode: AuditMode }): string {
  const parsed = parseAuditEvent(event);
  if (!parsed.ok) throw new HardshellError('invariant_broken', parsed.message, { fate: 'stop' });
  const { event: name, zone, session, action, subject, details } = parsed.event;
  const body = JSON.stringify({
    v: 1,
    seq: after.seq + 1,
    time: new Date(stamp.timeMs).toISOString(),
    mode: stamp.mode,
    event: name,
    zone,
    session,
    action,
    subject,
    details,
    prev: after.hash,
  });
  const signedPart = body.slice(0, -1);
  return `${signedPart},"hash":"${hashLine(signedPart)}"}`;
}

/** Lower-case hex SHA-256 over the domain and the part of the line before `,"hash":`. ASCII only. */
export function hashLine(signedPart: string): string {
  return digestOf('sha256', LINE_DOMAIN + signedPart, 'hex');
}

/**
 * The place a line claims, when its frame is exactly ours; null otherwise. Says nothing about its hash.
 * INVARIANT: lines are ASCII (enumerations, digits, hex), so characters and bytes are the same count.
 */
export function readFrame(line: string): Frame | null {
  const match = /^\{"v":1,"seq":([1-9][0-9]{0,14}),"time":"/.exec(line);
  if (match === null || line.length > LINE_BYTES_MAX) return null;
  const end = /,"prev":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}$/.exec(line.slice(-(PREV_TAIL + HASH_TAIL)));
  if (end === null) return null;
  return { seq: Number(match[1]), prev: end[1] ?? '', hash: end[2] ?? '' };
}

/** The place of `line` when it says that it follows `after`; null otherwise. Its hash is taken at its word. */
export function nextPlace(line: string, after: Place): Place | null {
  const seq = after.seq + 1;
  const tailAt = line.length - PREV_TAIL - HASH_TAIL;
  const follows =
    line.startsWith(`{"v":1,"seq":${seq},"time":"`) &&
    line.startsWith(`,"prev":"${after.hash}","hash":"`, tailAt) &&
    line.endsWith('"}') &&
    !line.includes('\n');
  return follows ? { seq, hash: line.slice(-66, -2) } : null;
}

/** True when `line` is a well-framed line whose hash is right and which follows `after`. */
export function followsFrom(line: string, after: Place): boolean {
  const frame = readFrame(line);
  return (
    frame !== null &&
    frame.seq === after.seq + 1 &&
    frame.prev === after.hash &&
    frame.hash === hashLine(line.slice(0, -HASH_TAIL))
  );
}
