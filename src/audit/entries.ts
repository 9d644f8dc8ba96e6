import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { LineChecker, ROOM_BEFORE } from './check-line.ts';
import { EMPTY, MAIN_LOG } from './format.ts';
import { firstNumber } from './read-segment.ts';
import { scanLines } from './scan.ts';
import { readClosedSegments } from './segments.ts';

/** One raw line for a person to look at. */
export interface Entry {
  /** Latin-1 text of the raw bytes: whoever prints it escapes what is not printable ASCII. */
  readonly line: string;
  /** Whether frame and own hash are right; `verify` alone says whether it stands where it belongs. */
  readonly good: boolean;
}

export interface EntryFilter {
  /** Only this entry. */
  readonly seq?: number;
  /** Only events of this name. */
  readonly event?: string;
  /** Only entries whose time is not before this (ISO 8601, UTC). */
  readonly since?: string;
  /** How many at most, the latest ones. */
  readonly last: number;
}

/**
 * Reads entries of the main log, oldest first, in memory bounded by `last`.
 * @throws Error when the log is missing or a segment cannot be read.
 */
export function readEntries(dir: string, filter: EntryFilter): Entry[] {
  const current = join(dir, MAIN_LOG);
  const closed = readClosedSegments(dir, MAIN_LOG, firstNumber(current) ?? Number.MAX_SAFE_INTEGER);
  const found: string[] = [];
  for (const path of [...closed.filter((one) => one.hasLines).map((one) => one.linesPath), current]) {
    scanLines(path, { from: 0, to: lstatSync(path).size }, (buffer, start, end) => {
      const line = buffer.toString('latin1', start, end);
      if (!matches(line, filter)) return true;
      found.push(line);
      if (found.length >= 2 * filter.last + 1024) found.splice(0, found.length - filter.last);
      return true;
    });
  }
  return found.slice(-filter.last).map((line) => ({ line, good: isGood(line) }));
}

function matches(line: string, { seq, event, since }: EntryFilter): boolean {
  if (seq !== undefined && !line.startsWith(`{"v":1,"seq":${seq},"time"`)) return false;
  if (event !== undefined && !line.includes(`","event":"${event}","zone":"`)) return false;
  if (since === undefined) return true;
  const time = /^\{"v":1,"seq":\d+,"time":"([^"]{24})"/.exec(line.slice(0, 80))?.[1];
  return time === undefined || time >= since;
}

function isGood(line: string): boolean {
  const buffer = Buffer.alloc(ROOM_BEFORE + line.length);
  buffer.write(line, ROOM_BEFORE, 'latin1');
  return new LineChecker(EMPTY).check(buffer, ROOM_BEFORE, buffer.length);
}
