import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { firstNumber } from './read-segment.ts';
import { readClosedSegments } from './segments.ts';
import type { ClosedSegment } from './segments.ts';
import { planRanges, runRanges } from './verify-pool.ts';
import { Walk } from './verify-walk.ts';
import type { FileVerdict } from './verify-walk.ts';

export interface FileWanted {
  /** Tree sizes whose roots are wanted. Empty: the tree is not computed. */
  readonly sizes: readonly number[];
  readonly marks: readonly number[];
  readonly threads: number;
  /** Called with bytes checked and bytes in all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

interface Piece {
  readonly path: string;
  readonly size: number;
  /** What a closed segment's header says it ends with; null for the current one. */
  readonly closed: ClosedSegment | null;
}

/** Tries, at most, before a log that keeps changing under the reader is called broken. */
const TRIES = 5;

/** Checks one log, all its segments in order. Reads only. */
export async function verifyFile(dir: string, name: string, wanted: FileWanted): Promise<FileVerdict> {
  let verdict = await verifyOnce(dir, name, wanted);
  // A running executor may have been in the middle of a line, or of closing a segment: it moves on, and so does the
  // entry that looks broken. What is broken stays where it is.
  for (let tries = 1; verdict.chain.kind === 'broken' && tries < TRIES; tries++) {
    await sleep(50);
    const again = await verifyOnce(dir, name, wanted);
    if (again.place.seq === verdict.place.seq && again.chain.kind === 'broken') return again;
    verdict = again;
  }
  return verdict;
}

async function verifyOnce(dir: string, name: string, wanted: FileWanted): Promise<FileVerdict> {
  const walk = new Walk(wanted.sizes);
  let pieces: Piece[];
  try {
    pieces = listPieces(dir, name, walk);
  } catch (cause) {
    return walk.verdict(cause instanceof Error ? cause.message : 'a segment cannot be read');
  }
  const total = pieces.reduce((sum, piece) => sum + piece.size, 0);
  let done = 0;
  const tree = wanted.sizes.length > 0;
  const jobs = pieces.flatMap((piece) =>
    planRanges(piece.path, piece.size).map((range) => ({
      piece,
      job: { path: piece.path, ...range, tree, sizes: wanted.sizes, marks: wanted.marks },
    })),
  );
  let index = 0;
  for await (const result of runRanges(
    jobs.map(({ job }) => job),
    wanted.threads,
  )) {
    const current = jobs[index];
    const endsPiece = jobs[index + 1]?.piece !== current?.piece;
    index += 1;
    const complaint = walk.take(result) ?? (endsPiece ? walk.endPiece(current?.piece.closed ?? null) : null);
    if (complaint !== null) return walk.verdict(complaint);
    done += result.bytes;
    wanted.onProgress?.(done, total);
  }
  return walk.verdict(walk.checkRetired());
}

/** The files to read, in order; those whose lines are gone are walked at once by their leaf hashes. */
function listPieces(dir: string, name: string, walk: Walk): Piece[] {
  const path = join(dir, name);
  if (!existsSync(path)) throw new Error(`\`${path}\` is missing`);
  const pieces: Piece[] = [];
  for (const segment of readClosedSegments(dir, name, firstNumber(path) ?? Number.MAX_SAFE_INTEGER)) {
    if (segment.hasLines) pieces.push({ path: segment.linesPath, size: sizeOf(segment.linesPath), closed: segment });
    else if (pieces.length > 0) throw new Error(`the lines from entry ${segment.first} are missing`);
    else walk.retire(segment);
  }
  return [...pieces, { path, size: sizeOf(path), closed: null }];
}

function sizeOf(path: string): number {
  return lstatSync(path).size;
}
