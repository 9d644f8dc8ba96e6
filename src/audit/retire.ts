import { lstatSync } from 'node:fs';
import { leafAt, LineChecker } from './check-line.ts';
import { realFiles } from './file-port.ts';
import type { FilePort } from './file-port.ts';
import { EMPTY, MAIN_LOG } from './format.ts';
import { scanLines } from './scan.ts';
import { readClosedSegments, readLeaves } from './segments.ts';
import type { ClosedSegment } from './segments.ts';

/** The last entry that `retireLines` would remove when everything before `before` may go; 0 when nothing would. */
export function retirableThrough(dir: string, before: number): number {
  const segments = readClosedSegments(dir, MAIN_LOG, before).filter(
    (segment) => segment.last < before && segment.hasLines,
  );
  return segments.at(-1)?.last ?? 0;
}

/**
 * Removes the lines of closed segments up to entry `through`, oldest first; their leaf hashes stay, so that tree and
 * checkpoints still verify. The caller has recorded `lines_retired {through}` durably before, or `verify` will call the
 * log broken.
 * @throws Error when a segment's leaf hashes are not those of its lines; nothing of that segment is removed.
 */
export async function retireLines(dir: string, through: number, files: FilePort = realFiles): Promise<void> {
  for (const segment of readClosedSegments(dir, MAIN_LOG, through + 1)) {
    if (segment.last > through || !segment.hasLines) continue;
    if (!leavesMatch(segment))
      throw new Error(`the leaf hashes from entry ${segment.first} are not those of its lines`);
    await files.remove(segment.linesPath);
  }
}

function leavesMatch(segment: ClosedSegment): boolean {
  const leaves = readLeaves(segment);
  const line = new LineChecker(EMPTY);
  const scanned = scanLines(
    segment.linesPath,
    { from: 0, to: lstatSync(segment.linesPath).size },
    (buffer, start, end) => {
      return line.check(buffer, start, end) && leaves.next().value === leafAt(buffer, start, end);
    },
  );
  return !scanned.stopped && scanned.tornBytes === 0 && line.seq === segment.last && line.hash === segment.hash;
}
