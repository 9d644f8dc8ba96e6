import { hash as digestOf } from 'node:crypto';

/** SHA-256 of the empty string: the root of a tree without leaves (RFC 9162, 2.1.1). */
const EMPTY_ROOT = digestOf('sha256', '', 'buffer');

/** RFC 9162 leaf hash: SHA-256(0x00 || line without LF). */
export function leafHash(line: Uint8Array): Buffer {
  const input = Buffer.allocUnsafe(line.length + 1);
  input[0] = 0;
  input.set(line, 1);
  return digestOf('sha256', input, 'buffer');
}

/** RFC 9162 interior hash: SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  const input = Buffer.allocUnsafe(65);
  input[0] = 1;
  input.set(left, 1);
  input.set(right, 33);
  return digestOf('sha256', input, 'buffer');
}

/**
 * The right edge of a growing tree: one hash for each 1 bit of its size, largest subtree first. Enough to add leaves
 * and to know the root; 64 hashes at most, whatever the size.
 */
export class CompactRange {
  #size: number;
  readonly #hashes: Buffer[];

  constructor(from: { size: number; hashes: readonly Uint8Array[] } = { size: 0, hashes: [] }) {
    if (!Number.isSafeInteger(from.size) || from.size < 0 || from.hashes.length !== bitCount(from.size)) {
      throw new RangeError('a tree edge needs one hash for each 1 bit of its size');
    }
    this.#size = from.size;
    this.#hashes = from.hashes.map((hash) => Buffer.from(hash));
  }

  get size(): number {
    return this.#size;
  }

  get hashes(): readonly Uint8Array[] {
    return this.#hashes;
  }

  append(leaf: Uint8Array): void {
    let hash: Buffer = Buffer.from(leaf);
    // Each trailing 1 bit of the old size is a full subtree that the new leaf completes.
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      const left = this.#hashes.pop();
      if (left === undefined) throw new Error('tree edge is shorter than its size says');
      hash = nodeHash(left, hash);
    }
    this.#hashes.push(hash);
    this.#size += 1;
  }

  root(): Buffer {
    const last = this.#hashes.at(-1);
    if (last === undefined) return Buffer.from(EMPTY_ROOT);
    return this.#hashes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
  }

  clone(): CompactRange {
    return new CompactRange({ size: this.#size, hashes: this.#hashes });
  }
}

function bitCount(size: number): number {
  let bits = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
  return bits;
}
