import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import {
  CompactRange,
  digestBytes,
  leafHash,
  nodeHash,
  proveConsistency,
  proveInclusion,
  verifyConsistency,
  verifyInclusion,
} from '../../src/audit/index.ts';
import type { Digest } from '../../src/audit/index.ts';
import { SubtreeStack } from '../../src/audit/merkle.ts';

const VECTORS = z.record(
  z.string(),
  z.looseObject({
    leafIdx: z.number().optional(),
    treeSize: z.number().optional(),
    root: z.string().optional(),
    leafHash: z.string().optional(),
    size1: z.number().optional(),
    size2: z.number().optional(),
    root1: z.string().optional(),
    root2: z.string().optional(),
    proof: z.array(z.string()).nullable(),
    wantErr: z.boolean(),
  }),
);
type Vector = z.infer<typeof VECTORS>[string];

const own = new URL('../vectors/audit/rfc6962-proofs.json', import.meta.url).pathname;
const shared = new URL('../../../shared/vectors/merkle/rfc6962-proofs.json', import.meta.url).pathname;
if (!existsSync(shared))
  console.warn(`SKIPPED: all 196 proof vectors: ${shared} is absent; the product's own subset runs`);

function load(path: string): [string, Vector][] {
  const file = z.looseObject({ vectors: VECTORS }).parse(JSON.parse(readFileSync(path, 'utf8')));
  return Object.entries(file.vectors);
}

/** What we say: the vector's verdict, and never yes to a hash that is not 32 bytes (some vectors use short stand-ins). */
function expected(vector: Vector): boolean {
  const { root, leafHash: leaf, root1, root2, proof } = vector;
  const given = [root, leaf, root1, root2, ...(proof ?? [])].filter((hash) => hash !== undefined);
  return !vector.wantErr && given.every((hash) => bytes(hash).length === 32);
}

const bytes = (base64: string | undefined): Buffer => Buffer.from(base64 ?? '', 'base64');

function verdict(vector: Vector): boolean {
  const proof = (vector.proof ?? []).map(bytes);
  if (vector.leafIdx !== undefined) {
    const { leafIdx: index, treeSize: size = 0 } = vector;
    return verifyInclusion({ index, size, leaf: bytes(vector.leafHash), proof, root: bytes(vector.root) });
  }
  const { size1: from = 0, size2: size = 0 } = vector;
  return verifyConsistency({ from, size, fromRoot: bytes(vector.root1), root: bytes(vector.root2), proof });
}

describe('proofs agree with the public vectors', () => {
  it('of the product', () => {
    const vectors = load(own);
    expect(vectors.length).toBeGreaterThanOrEqual(40);
    for (const [name, vector] of vectors) expect(verdict(vector), name).toBe(expected(vector));
    expect(vectors.filter(([, vector]) => expected(vector)).length, 'good ones occur').toBeGreaterThan(8);
  });

  it.runIf(existsSync(shared))('of the whole set', () => {
    const vectors = load(shared);
    expect(vectors.length).toBe(196);
    for (const [name, vector] of vectors) expect(verdict(vector), name).toBe(expected(vector));
  });
});

const leavesOf = (size: number): Digest[] => Array.from({ length: size }, (_, i) => leafHash(`entry ${i}`));

function naiveRoot(leaves: readonly Digest[]): Digest {
  if (leaves.length === 1) return leaves[0] ?? '';
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return nodeHash(naiveRoot(leaves.slice(0, split)), naiveRoot(leaves.slice(split)));
}

describe('the tree', () => {
  it('kept incrementally is the tree of the definition, at every size', () => {
    const leaves = leavesOf(70);
    const range = new CompactRange();
    expect(range.root().toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    leaves.forEach((leaf, i) => {
      range.append(leaf);
      expect(range.root().equals(digestBytes(naiveRoot(leaves.slice(0, i + 1))))).toBe(true);
      expect(range.clone().root().equals(range.root())).toBe(true);
    });
    expect(() => new CompactRange({ size: 3, hashes: [''] })).toThrow(RangeError);
    expect(() => range.appendSubtree({ level: 2, hash: '' })).toThrow(RangeError);
  });

  it('hashed in pieces by several threads is the same tree', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 199 }), { maxLength: 8 }), (cuts) => {
        const leaves = leavesOf(200);
        const range = new CompactRange();
        const bounds = [0, ...cuts.toSorted((a, b) => a - b), 200];
        for (const [i, start] of bounds.slice(0, -1).entries()) {
          const stack = new SubtreeStack(start);
          for (const leaf of leaves.slice(start, bounds[i + 1])) stack.append(leaf);
          for (const subtree of stack.take()) range.appendSubtree(subtree);
        }
        expect(range.root().equals(digestBytes(naiveRoot(leaves)))).toBe(true);
      }),
    );
  });

  it('proves every entry and every extension, and nothing else', () => {
    const all = leavesOf(33);
    const source = (from: number, to: number): Digest[] => all.slice(from, to);
    const rootAt = (size: number): Buffer => digestBytes(naiveRoot(all.slice(0, size)));
    for (let size = 1; size <= all.length; size++) {
      for (let index = 0; index < size; index++) {
        const proof = proveInclusion(source, { index, size });
        const leaf = digestBytes(all[index] ?? '');
        const claim = { index, size, leaf, proof, root: rootAt(size) };
        expect(verifyInclusion(claim)).toBe(true);
        expect(verifyInclusion({ ...claim, leaf: digestBytes(leafHash('other')) })).toBe(false);
        expect(verifyInclusion({ ...claim, proof: [...proof, leaf] })).toBe(false);
        const from = index + 1;
        const steps = proveConsistency(source, { from, size });
        const extension = { from, size, fromRoot: rootAt(from), root: rootAt(size), proof: steps };
        expect(verifyConsistency(extension)).toBe(true);
        expect(verifyConsistency({ ...extension, fromRoot: leaf.map((byte) => byte ^ 1) })).toBe(false);
      }
    }
    expect(() => proveInclusion(source, { index: 3, size: 3 })).toThrow(RangeError);
    expect(() => proveConsistency(source, { from: 0, size: 3 })).toThrow(RangeError);
  });
});
