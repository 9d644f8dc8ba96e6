import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { leafAt, LineChecker } from './check-line.ts';
import { EMPTY, MAIN_LOG } from './format.ts';
import type { Digest } from './merkle.ts';
import type { LeafSource } from './proofs.ts';
import { firstNumber } from './read-segment.ts';
import { scanLines } from './scan.ts';
import { readClosedSegments, readLeaves } from './segments.ts';
import type { ClosedSegment } from './segments.ts';

/** The leaves of a whole log, for proofs: leaf hashes of closed segments, lines of the current one. */
export interface LogLeaves {
  readonly size: number;
  readonly source: LeafSource;
}

/**
 * Opens the leaves of the main log for reading. What does not hash to a checkpoint is found by whoever verifies the
 * proof; this only reads.
 * @throws Error when a file is missing or a line of the current segment is not one of ours.
 */
export function openLeaves(dir: string): LogLeaves {
  const path = join(dir, MAIN_LOG);
  const closed = readClosedSegments(dir, MAIN_LOG, firstNumber(path) ?? Number.MAX_SAFE_INTEGER);
  const current = readCurrent(path);
  const before = closed.at(-1)?.last ?? 0;
  return { size: before + current.length, source: (from, to) => walk(closed, current, { from, to }) };
}

function* walk(
  closed: readonly ClosedSegment[],
  current: readonly Digest[],
  { from, to }: { from: number; to: number },
): Generator<Digest> {
  const before = closed.at(-1)?.last ?? 0;
  for (const segment of closed) {
    if (segment.last <= from || segment.first > to) continue;
    let index = segment.first - 1;
    for (const leaf of readLeaves(segment)) {
      if (index >= from && index < to) yield leaf;
      index += 1;
    }
  }
  for (let index = Math.max(from, before); index < to; index++) {
    const leaf = current[index - before];
    if (leaf === undefined) throw new RangeError('the log has no such entry');
    yield leaf;
  }
}

function readCurrent(path: string): Digest[] {
  const leaves: Digest[] = [];
  const line = new LineChecker(EMPTY);
  const scanned = scanLines(path, { from: 0, to: lstatSync(path).size }, (buffer, start, end) => {
    if (!line.check(buffer, start, end)) return false;
    leaves.push(leafAt(buffer, start, end));
    return true;
  });
  if (scanned.stopped) throw new Error('the log is broken; run `hardshell audit-log verify`');
  return leaves;
}
