import { CompactRange, digestBytes, nodeHash, toDigest } from './merkle.ts';
import type { Digest } from './merkle.ts';

/** Leaf hashes `[from, to)` in order; called with growing ranges only. */
export type LeafSource = (from: number, to: number) => Iterable<Digest>;

/**
 * RFC 9162, 2.1.3.1: the path from leaf `index` to the root of the first `size` leaves. Reads every leaf once.
 * @throws RangeError unless 0 ≤ index < size.
 */
export function proveInclusion(leaves: LeafSource, { index, size }: { index: number; size: number }): Buffer[] {
  if (!isCount(index) || !isCount(size) || index >= size)
    throw new RangeError('an entry outside the tree has no proof');
  return path(leaves, { index, start: 0, end: size }).map(digestBytes);
}

/**
 * RFC 9162, 2.1.4.1: that the first `size` leaves extend the first `from` leaves.
 * @throws RangeError unless 0 < from ≤ size.
 */
export function proveConsistency(leaves: LeafSource, { from, size }: { from: number; size: number }): Buffer[] {
  if (!isCount(from) || !isCount(size) || from === 0 || from > size) {
    throw new RangeError('a proof leads from a smaller tree that is not empty to a larger one');
  }
  return subproof(leaves, { from, start: 0, end: size, whole: true }).map(digestBytes);
}

function path(leaves: LeafSource, { index, start, end }: { index: number; start: number; end: number }): Digest[] {
  if (end - start === 1) return [];
  const middle = start + splitOf(end - start);
  return index < middle
    ? [...path(leaves, { index, start, end: middle }), rootOf(leaves, middle, end)]
    : [...path(leaves, { index, start: middle, end }), rootOf(leaves, start, middle)];
}

function subproof(leaves: LeafSource, part: { from: number; start: number; end: number; whole: boolean }): Digest[] {
  const { from, start, end, whole } = part;
  if (from === end) return whole ? [] : [rootOf(leaves, start, end)];
  const middle = start + splitOf(end - start);
  return from <= middle
    ? [...subproof(leaves, { from, start, end: middle, whole }), rootOf(leaves, middle, end)]
    : [...subproof(leaves, { from, start: middle, end, whole: false }), rootOf(leaves, start, middle)];
}

function rootOf(leaves: LeafSource, start: number, end: number): Digest {
  const range = new CompactRange();
  for (const leaf of leaves(start, end)) range.append(leaf);
  return toDigest(range.root());
}

/** The largest power of two smaller than `n`. */
function splitOf(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** RFC 9162, 2.1.3.2. False for anything that does not prove it, malformed input included. */
export function verifyInclusion(claim: {
  index: number;
  size: number;
  leaf: Uint8Array;
  proof: readonly Uint8Array[];
  root: Uint8Array;
}): boolean {
  const { index, size, proof } = claim;
  if (!isCount(index) || !isCount(size) || index >= size || !areHashes([claim.leaf, claim.root, ...proof]))
    return false;
  let node = index;
  let last = size - 1;
  let hash = toDigest(claim.leaf);
  for (const bytes of proof) {
    if (last === 0) return false;
    const sibling = toDigest(bytes);
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && hash === toDigest(claim.root);
}

/** RFC 9162, 2.1.4.2. False for anything that does not prove it, malformed input included. */
export function verifyConsistency(claim: {
  from: number;
  size: number;
  fromRoot: Uint8Array;
  root: Uint8Array;
  proof: readonly Uint8Array[];
}): boolean {
  const { from, size, proof } = claim;
  if (!isCount(from) || !isCount(size) || from === 0 || from > size) return false;
  if (!areHashes([claim.fromRoot, claim.root, ...proof])) return false;
  const fromRoot = toDigest(claim.fromRoot);
  const root = toDigest(claim.root);
  if (from === size) return proof.length === 0 && fromRoot === root;
  if (proof.length === 0) return false;
  const hashes = proof.map(toDigest);
  // A power of two is a full subtree: its root is the first node of the path and is left out of the proof.
  const steps = isPowerOfTwo(from) ? [fromRoot, ...hashes] : hashes;
  let node = from - 1;
  let last = size - 1;
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  let before = steps[0] ?? '';
  let after = before;
  for (const sibling of steps.slice(1)) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      before = nodeHash(sibling, before);
      after = nodeHash(sibling, after);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      after = nodeHash(after, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && before === fromRoot && after === root;
}

function half(n: number): number {
  return Math.floor(n / 2);
}

function isPowerOfTwo(n: number): boolean {
  return splitOf(n) * 2 === n || n === 1;
}

function isCount(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}

function areHashes(all: readonly Uint8Array[]): boolean {
  return all.every((hash) => hash.length === 32);
}
