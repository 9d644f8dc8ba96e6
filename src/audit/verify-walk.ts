import { EMPTY } from './format.ts';
import type { Place } from './format.ts';
import { CompactRange } from './merkle.ts';
import { readLeaves } from './segments.ts';
import type { ClosedSegment } from './segments.ts';
import type { Note, RangeResult } from './verify-range.ts';

export type ChainVerdict =
  | { readonly kind: 'valid'; readonly entries: number }
  | { readonly kind: 'empty' }
  | { readonly kind: 'broken'; readonly entry: number; readonly reason: string };

export interface FileVerdict {
  readonly chain: ChainVerdict;
  readonly place: Place;
  /** Entries whose lines retention removed; their leaf hashes stand in for them. */
  readonly retired: number;
  readonly roots: ReadonlyMap<number, Buffer>;
  readonly hashes: ReadonlyMap<number, string>;
  readonly notes: readonly Note[];
}

/** Goes through a log's ranges in order and keeps what has been proven so far. */
export class Walk {
  readonly #sizes: ReadonlySet<number>;
  readonly #tree = new CompactRange();
  readonly #roots = new Map<number, Buffer>();
  readonly #hashes = new Map<number, string>();
  readonly #notes: Note[] = [];
  #place: Place = EMPTY;
  #retired = 0;

  constructor(sizes: readonly number[]) {
    this.#sizes = new Set(sizes);
    this.#noteRoot();
  }

  /** Takes a segment by its leaf hashes alone. */
  retire(segment: ClosedSegment): void {
    if (this.#sizes.size > 0) {
      for (const leaf of readLeaves(segment)) {
        this.#tree.append(leaf);
        this.#noteRoot();
      }
    }
    this.#place = { seq: segment.last, hash: segment.hash };
    this.#retired = segment.last;
  }

  /** Null when the range joins what came before and is whole; otherwise why not. */
  take(result: RangeResult): string | null {
    const { before, last } = result;
    if (before !== null && last !== null) {
      if (before.seq !== this.#place.seq || before.hash !== this.#place.hash)
        return 'it does not follow the entry before';
      this.#place = last;
      for (const part of result.parts) {
        for (const subtree of part.subtrees) this.#tree.appendSubtree(subtree);
        this.#noteRoot();
      }
      for (const { seq, hash } of result.marked) this.#hashes.set(seq, hash);
      this.#notes.push(...result.notes);
    }
    if (result.broken) return 'it is not the line that was written';
    return result.tornBytes > 0 ? 'its line is unfinished (after a crash the next start repairs this)' : null;
  }

  /** At a segment's end: null when its header says what its lines said. */
  endPiece(closed: ClosedSegment | null): string | null {
    if (closed === null) return null;
    const same = closed.last === this.#place.seq && closed.hash === this.#place.hash;
    if (!same) return `the segment from entry ${closed.first} does not end where it was closed`;
    if (this.#sizes.size === 0) return null;
    const edge = this.#tree.hashes.map((hash) => Buffer.from(hash, 'latin1').toString('hex')).join();
    return edge === closed.tree.join() ? null : `the leaf hashes from entry ${closed.first} are not those of its lines`;
  }

  /** Null when every removal of lines stands on the record. */
  checkRetired(): string | null {
    const recorded = this.#notes.reduce(
      (most, note) => (note.kind === 'retired' ? Math.max(most, note.through) : most),
      0,
    );
    return this.#retired <= recorded ? null : `lines up to entry ${this.#retired} were removed without a record of it`;
  }

  verdict(complaint: string | null): FileVerdict {
    return {
      chain: this.#chain(complaint),
      place: this.#place,
      retired: this.#retired,
      roots: this.#roots,
      hashes: this.#hashes,
      notes: this.#notes,
    };
  }

  #chain(complaint: string | null): ChainVerdict {
    const { seq } = this.#place;
    if (complaint !== null) return { kind: 'broken', entry: seq + 1, reason: complaint };
    return seq === 0 ? { kind: 'empty' } : { kind: 'valid', entries: seq };
  }

  #noteRoot(): void {
    const { size } = this.#tree;
    if (this.#sizes.has(size)) this.#roots.set(size, this.#tree.root());
  }
}
