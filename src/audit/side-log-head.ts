import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { LineChecker } from './check-line.ts';
import { EMPTY } from './format.ts';
import type { Place } from './format.ts';
import { scanLines } from './scan.ts';
import type { SideLogName } from './side-log.ts';

export type SideLogHead =
  | { readonly kind: 'absent' }
  | { readonly kind: 'ok'; readonly head: Place }
  | { readonly kind: 'broken'; readonly entry: number };

/**
 * The head of another process's log, for the executor to anchor. Every line is checked, and the log must still hold the
 * entry anchored last (`anchored`, or `EMPTY`): a side log that lost or changed it is broken, an absent one too.
 * Reads only; an unfinished last line (its writer may be in the middle of it) does not count yet.
 */
export function readSideLogHead(dir: string, name: SideLogName, anchored: Place): SideLogHead {
  const path = join(dir, `${name}.jsonl`);
  const size = lstatSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) return anchored.seq === 0 ? { kind: 'absent' } : { kind: 'broken', entry: 1 };
  const line = new LineChecker(EMPTY);
  let good: Place = EMPTY;
  const scanned = scanLines(path, { from: 0, to: size }, (buffer, start, end) => {
    if (!line.check(buffer, start, end) || !line.joins) return false;
    if (line.seq === anchored.seq && line.hash !== anchored.hash) return false;
    good = { seq: line.seq, hash: line.hash };
    return true;
  });
  const lost = good.seq < anchored.seq;
  return scanned.stopped || lost ? { kind: 'broken', entry: good.seq + 1 } : { kind: 'ok', head: good };
}
