import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { EMPTY, GENESIS } from './format.ts';
import type { Place } from './format.ts';
import { CompactRange, toDigest } from './merkle.ts';
import type { Digest } from './merkle.ts';

/** The lines being written now: where they begin, and their leaf hashes. */
export interface Segment {
  readonly first: number;
  /** Hash of the line before the first one. */
  readonly prev: string;
  readonly leaves: Digest[];
}

/** What is known of a closed segment from its leaves file. */
export interface ClosedSegment {
  readonly first: number;
  readonly last: number;
  readonly prev: string;
  readonly hash: string;
  /** Edge of the whole tree after the segment's last line. */
  readonly tree: readonly string[];
  readonly linesPath: string;
  readonly leavesPath: string;
  /** Where the raw leaf hashes begin in the leaves file, in bytes. */
  readonly leavesAt: number;
  /** False when retention has removed the lines. */
  readonly hasLines: boolean;
}

export const FIRST_SEGMENT: Omit<Segment, 'leaves'> = { first: 1, prev: GENESIS };

/** `audit` for `audit.jsonl`. */
export function stemOf(name: string): string {
  return name.replace(/\.jsonl$/, '');
}

/**
 * The closed segments before entry `before`, in order.
 * @throws Error with a sentence of ours when one is missing, unreadable or does not join the one before it.
 */
export function readClosedSegments(dir: string, name: string, before: number): ClosedSegment[] {
  const stem = stemOf(name);
  const names = new Set(readdirSync(dir));
  const firsts: number[] = [];
  for (const found of names) {
    if (!found.startsWith(`${stem}.`)) continue;
    const match = /^\.([1-9][0-9]{0,14})\.(?:jsonl|leaves)$/.exec(found.slice(stem.length));
    if (match !== null && !firsts.includes(Number(match[1]))) firsts.push(Number(match[1]));
  }
  const closed: ClosedSegment[] = [];
  let end: Place = EMPTY;
  for (const first of firsts.toSorted((a, b) => a - b)) {
    if (first >= before) continue;
    const segment = readHeader(dir, stem, first, names);
    if (segment.first !== end.seq + 1 || segment.prev !== end.hash) {
      throw new Error(`the segment from entry ${first} does not join entry ${end.seq}`);
    }
    closed.push(segment);
    end = { seq: segment.last, hash: segment.hash };
  }
  return closed;
}

/** The tree after the last closed segment. */
export function treeAfter(closed: readonly ClosedSegment[]): CompactRange {
  const last = closed.at(-1);
  if (last === undefined) return new CompactRange();
  return new CompactRange({ size: last.last, hashes: last.tree.map((hash) => toDigest(Buffer.from(hash, 'hex'))) });
}

/** The leaf hashes of a closed segment, in order, in constant memory. */
export function* readLeaves(segment: ClosedSegment): Generator<Digest> {
  const fd = openSync(segment.leavesPath, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const chunk = Buffer.alloc(32 * 4096);
    const end = segment.leavesAt + 32 * (segment.last - segment.first + 1);
    for (let at = segment.leavesAt; at < end; at += chunk.length) {
      const wanted = Math.min(chunk.length, end - at);
      if (readSync(fd, chunk, 0, wanted, at) !== wanted) throw new Error('the leaf hashes end too early');
      for (let i = 0; i < wanted; i += 32) yield chunk.toString('latin1', i, i + 32);
    }
  } finally {
    closeSync(fd);
  }
}

function readHeader(dir: string, stem: string, first: number, names: ReadonlySet<string>): ClosedSegment {
  const leavesPath = join(dir, `${stem}.${first}.leaves`);
  const linesName = `${stem}.${first}.jsonl`;
  if (!names.has(`${stem}.${first}.leaves`)) throw new Error(`the leaf hashes from entry ${first} are missing`);
  const { head: bytes, size } = readStart(leavesPath);
  const end = bytes.indexOf(10);
  const header =
    /^\{"v":1,"first":(\d{1,15}),"last":(\d{1,15}),"prev":"([0-9a-f]{64})","hash":"([0-9a-f]{64})","tree":\[((?:"[0-9a-f]{64}",?)*)\]\}$/.exec(
      bytes.subarray(0, Math.max(end, 0)).toString('latin1'),
    );
  const last = Number(header?.[2]);
  if (header === null || Number(header[1]) !== first || size !== end + 1 + 32 * (last - first + 1)) {
    throw new Error(`the leaf hashes from entry ${first} are not readable`);
  }
  return {
    first,
    last,
    prev: header[3] ?? '',
    hash: header[4] ?? '',
    tree: (header[5] ?? '').match(/[0-9a-f]{64}/g) ?? [],
    linesPath: join(dir, linesName),
    leavesPath,
    leavesAt: end + 1,
    hasLines: names.has(linesName),
  };
}

/** The first bytes of a file, enough for a leaves file's header, and its size. */
function readStart(path: string): { head: Buffer; size: number } {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const head = Buffer.alloc(8192);
    return { head: head.subarray(0, readSync(fd, head, 0, head.length, 0)), size: fstatSync(fd).size };
  } finally {
    closeSync(fd);
  }
}
