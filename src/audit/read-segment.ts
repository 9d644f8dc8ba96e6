import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { leafAt, LineChecker } from './check-line.ts';
import { EMPTY } from './format.ts';
import type { Place } from './format.ts';
import type { CompactRange } from './merkle.ts';
import { scanLines } from './scan.ts';
import { readClosedSegments, treeAfter } from './segments.ts';
import type { Segment } from './segments.ts';

/** What the current segment's file holds, every line checked. */
export interface FoundSegment {
  /** False between the rename of a closed segment and the making of the next file. */
  readonly exists: boolean;
  /** First entry that is not what it should be, or null. */
  readonly brokenAt: number | null;
  readonly place: Place;
  /** Bytes of whole lines. */
  readonly bytes: number;
  readonly tornBytes: number;
  /** Byte offset behind entry `mark`, or 0 when that entry stands in an earlier segment. */
  readonly markAt: number;
  readonly segment: Segment;
  /** The tree over all entries up to `place`. */
  readonly tree: CompactRange;
}

/**
 * Reads and checks the current segment; closed ones are joined by their headers only (`audit-log verify` reads them).
 * @throws Error when a file is missing or cannot be read.
 */
export function readActiveSegment(dir: string, name: string, mark: number): FoundSegment {
  const path = join(dir, name);
  const exists = existsSync(path);
  const first = exists ? firstNumber(path) : null;
  const closed = readClosedSegments(dir, name, first ?? Number.MAX_SAFE_INTEGER);
  const before = closed.at(-1);
  if (!exists && before === undefined) throw new Error(`\`${path}\` is missing`);
  const start: Place = before === undefined ? EMPTY : { seq: before.last, hash: before.hash };
  const tree = treeAfter(closed);
  const segment: Segment = { first: start.seq + 1, prev: start.hash, leaves: [] };
  const nothing = { exists, brokenAt: null, place: start, bytes: 0, tornBytes: 0, markAt: 0, segment, tree };
  if (!exists) return nothing;
  let place = start;
  let bytes = 0;
  let markAt = 0;
  const line = new LineChecker(start);
  const scanned = scanLines(path, { from: 0, to: lstatSync(path).size }, (buffer, from, to) => {
    if (!line.check(buffer, from, to) || !line.joins) return false;
    const leaf = leafAt(buffer, from, to);
    tree.append(leaf);
    segment.leaves.push(leaf);
    place = { seq: line.seq, hash: line.hash };
    bytes += to + 1 - from;
    if (place.seq === mark) markAt = bytes;
    return true;
  });
  const brokenAt = scanned.stopped ? place.seq + 1 : null;
  return { ...nothing, brokenAt, place, bytes, tornBytes: scanned.tornBytes, markAt };
}

/** The number of the first line, when there is a well-formed one. */
export function firstNumber(path: string): number | null {
  const line = new LineChecker(EMPTY);
  let first: number | null = null;
  scanLines(path, { from: 0, to: Math.min(8192, lstatSync(path).size) }, (buffer, from, to) => {
    if (line.check(buffer, from, to)) first = line.seq;
    return false;
  });
  return first;
}
