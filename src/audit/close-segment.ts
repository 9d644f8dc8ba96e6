import { join } from 'node:path';
import type { DurableFile, FilePort } from './file-port.ts';
import type { Place } from './format.ts';
import { digestBytes } from './merkle.ts';
import type { CompactRange } from './merkle.ts';
import { stemOf } from './segments.ts';
import type { Segment } from './segments.ts';

/**
 * Closes the current segment and begins the next. Order: leaf hashes, rename, new file; a crash between any two leaves
 * a state that opening understands (a leaves file beside a segment still called `audit.jsonl`; no `audit.jsonl`).
 */
export async function closeSegment(from: {
  dir: string;
  name: string;
  files: FilePort;
  file: DurableFile;
  segment: Segment;
  place: Place;
  tree: CompactRange;
}): Promise<{ file: DurableFile; segment: Segment }> {
  const { dir, name, files, segment, place } = from;
  const header = {
    v: 1,
    first: segment.first,
    last: place.seq,
    prev: segment.prev,
    hash: place.hash,
    tree: from.tree.hashes.map((hash) => digestBytes(hash).toString('hex')),
  };
  const bytes = Buffer.concat([
    Buffer.from(`${JSON.stringify(header)}\n`, 'latin1'),
    ...segment.leaves.map(digestBytes),
  ]);
  await files.replace(join(dir, `${stemOf(name)}.${segment.first}.leaves`), bytes);
  await files.rename(join(dir, name), join(dir, `${stemOf(name)}.${segment.first}.jsonl`));
  const file = await files.openFile(join(dir, name), 'create');
  await from.file.close();
  return { file, segment: { first: place.seq + 1, prev: place.hash, leaves: [] } };
}
