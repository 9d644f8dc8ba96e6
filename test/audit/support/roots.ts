import { CompactRange } from '../../../src/audit/index.ts';
import type { LogLeaves } from '../../../src/audit/index.ts';

/** The root over all leaves of a log, or over the first `size`. */
export function rootOf(leaves: LogLeaves, size: number = leaves.size): Buffer {
  const range = new CompactRange();
  for (const leaf of leaves.source(0, size)) range.append(leaf);
  return range.root();
}

export function rootHexOf(leaves: LogLeaves, size: number = leaves.size): string {
  return rootOf(leaves, size).toString('hex');
}
