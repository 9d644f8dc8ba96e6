import type { AuditEvent, AuditMode } from '../contracts/index.ts';
import { makeLine, readFrame } from './line.ts';
import type { Place } from './format.ts';

/** A point to go back to when a transaction's savepoint rolls back. */
export class ChainMark {
  readonly place: Place;

  constructor(place: Place) {
    this.place = place;
  }
}

export interface ChainHead extends Place {
  /** Lines so far; the same number as `seq`. */
  readonly size: number;
}

export interface ChainOptions {
  readonly head: Place;
  readonly mode: AuditMode;
  /** Milliseconds since the epoch, for display. */
  readonly wallMs: () => number;
}

/**
 * Gives events their place: number, time, `prev` and hash. Holds no file: the lines go into the transaction's outbox
 * first and into the log when the transaction is durable.
 */
export class Chain {
  #place: Place;
  readonly #mode: AuditMode;
  readonly #wallMs: () => number;

  constructor(options: ChainOptions) {
    this.#place = { seq: options.head.seq, hash: options.head.hash };
    this.#mode = options.mode;
    this.#wallMs = options.wallMs;
  }

  /**
   * The exact next line, without LF.
   * @throws HardshellError `invariant_broken` when the event is not one of ours; the chain stays where it was.
   */
  next(event: AuditEvent): string {
    const line = makeLine(event, this.#place, { timeMs: this.#wallMs(), mode: this.#mode });
    const frame = readFrame(line);
    if (frame === null) throw new Error('an audit line of ours does not have our frame');
    this.#place = { seq: frame.seq, hash: frame.hash };
    return line;
  }

  mark(): ChainMark {
    return new ChainMark(this.#place);
  }

  /** Forgets the lines since `mark`; their transaction did not happen. */
  reset(mark: ChainMark): void {
    this.#place = mark.place;
  }

  head(): ChainHead {
    return { seq: this.#place.seq, hash: this.#place.hash, size: this.#place.seq };
  }
}
