import { hash as digestOf } from 'node:crypto';

/**
 * 32 bytes of SHA-256 as a string of 32 characters U+0000 to U+00FF. Half as dear to make as a Buffer, which counts at
 * a million leaves; at the room's door hashes are Buffers or hex.
 */
export type Digest = string;

/** SHA-256 of the empty string: the root of a tree without leaves (RFC 9162, 2.1.1). */
const EMPTY_ROOT: Digest = digestOf('sha256', '', 'binary');

/** RFC 9162 leaf hash: SHA-256(0x00 || line without LF). */
export function leafHash(line: string): Digest {
  return digestOf('sha256', Buffer.from(`\u0000${line}`, 'latin1'), 'binary');
}

/** RFC 9162 interior hash: SHA-256(0x01 || left || right). */
export function nodeHash(left: Digest, right: Digest): Digest {
  const input = Buffer.allocUnsafe(65);
  input[0] = 1;
  input.write(left, 1, 'latin1');
  input.write(right, 33, 'latin1');
  return digestOf('sha256', input, 'binary');
}

export function digestBytes(digest: Digest): Buffer {
  return Buffer.from(digest, 'latin1');
}

export function toDigest(bytes: Uint8Array): Digest {
  return Buffer.from(bytes).toString('latin1');
}

/** A full subtree: 2^level leaves. */
export interface Subtree {
  readonly level: number;
  readonly hash: Digest;
}

/**
 * The right edge of a growing tree: one hash for each 1 bit of its size, largest subtree first. Enough to add leaves
 * and to know the root; 53 hashes at most, whatever the size.
 */
export class CompactRange {
  #size: number;
  readonly #hashes: Digest[];

  constructor(from: { size: number; hashes: readonly Digest[] } = { size: 0, hashes: [] }) {
    if (!Number.isSafeInteger(from.size) || from.size < 0 || from.hashes.length !== bitCount(from.size)) {
      throw new RangeError('a tree edge needs one hash for each 1 bit of its size');
    }
    this.#size = from.size;
    this.#hashes = [...from.hashes];
  }

  get size(): number {
    return this.#size;
  }

  get hashes(): readonly Digest[] {
    return this.#hashes;
  }

  append(leaf: Digest): void {
    this.appendSubtree({ level: 0, hash: leaf });
  }

  /**
   * Adds 2^level leaves at once.
   * @throws RangeError when the size is not a multiple of 2^level.
   */
  appendSubtree({ level, hash }: Subtree): void {
    const leaves = 2 ** level;
    if (this.#size % leaves !== 0) throw new RangeError('a subtree goes only where its size fits');
    let joined = hash;
    // Each trailing 1 bit is a full subtree on the left that the new one completes.
    for (let rest = this.#size / leaves; rest % 2 === 1; rest = (rest - 1) / 2) {
      joined = nodeHash(this.#hashes.pop() ?? '', joined);
    }
    this.#hashes.push(joined);
    this.#size += leaves;
  }

  /** The tree's root hash, 32 bytes. */
  root(): Buffer {
    const last = this.#hashes.at(-1);
    if (last === undefined) return digestBytes(EMPTY_ROOT);
    return digestBytes(this.#hashes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last));
  }

  clone(): CompactRange {
    return new CompactRange({ size: this.#size, hashes: this.#hashes });
  }
}

/** The full subtrees over leaves `[start, …)` of a tree whose left part somebody else is hashing. */
export class SubtreeStack {
  #next: number;
  #subtrees: Subtree[] = [];

  constructor(start: number) {
    this.#next = start;
  }

  append(leaf: Digest): void {
    let index = this.#next;
    let subtree: Subtree = { level: 0, hash: leaf };
    for (let top = this.#subtrees.at(-1); top !== undefined && top.level === subtree.level && index % 2 === 1;) {
      this.#subtrees.pop();
      subtree = { level: subtree.level + 1, hash: nodeHash(top.hash, subtree.hash) };
      index = (index - 1) / 2;
      top = this.#subtrees.at(-1);
    }
    this.#subtrees.push(subtree);
    this.#next += 1;
  }

  /** What was gathered since the last call, left to right. */
  take(): Subtree[] {
    const taken = this.#subtrees;
    this.#subtrees = [];
    return taken;
  }
}

function bitCount(size: number): number {
  let bits = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
  return bits;
}
