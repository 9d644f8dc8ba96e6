import type { Channel } from './launch.ts';
import type { ReadResult } from './reader-session.ts';

/** One message to be read. `T` is whatever the caller knows about it. */
export interface Job<T> {
  readonly channel: Channel;
  readonly bytes: Buffer;
  readonly about: T;
  /** The result, where it is known without reading. */
  readonly known?: ReadResult;
}

export type Numbered<T> = Job<T> & { readonly seq: number };

/** Makes what is kept of a message; called as soon as it was read, so that waiting results are small. */
export type Finish<T, R> = (about: T, result: ReadResult) => R;

/** Results that may wait for an earlier one. Bounds memory while one message uses up its time. */
const AHEAD_MAX = 2_048;

/** The order of one run: numbers jobs as they are taken, and gives results out by these numbers. */
export class Order<T, R> {
  readonly #jobs: AsyncIterator<Job<T>>;
  readonly #results = new Map<number, { readonly value: R }>();
  readonly #changed = new Signal();
  readonly #finish: Finish<T, R>;
  #endTaking: () => void = () => undefined;
  #stopped = false;
  #fault: unknown;
  #taking: Promise<unknown> = Promise.resolve();
  #taken = 0;
  #given = 0;
  #running: number;

  constructor(jobs: AsyncIterator<Job<T>>, options: { readonly finish: Finish<T, R>; readonly readers: number }) {
    this.#jobs = jobs;
    this.#finish = options.finish;
    this.#running = options.readers;
  }

  /** The next job that has to be read; null when there is none, or the run stops. */
  take(): Promise<Numbered<T> | null> {
    const step = this.#taking.then(() => this.#takeUnlessStopped());
    this.#taking = step.catch(() => undefined);
    return step;
  }

  done(job: Numbered<T>, result: ReadResult): void {
    this.#results.set(job.seq, { value: this.#finish(job.about, result) });
    this.#changed.fire();
  }

  /** The result of the next job in order, or null at the end. Throws what made a slot fail. */
  async next(): Promise<{ readonly value: R } | null> {
    for (;;) {
      const done = this.#results.get(this.#given);
      if (done !== undefined) {
        this.#results.delete(this.#given);
        this.#given += 1;
        this.#changed.fire();
        return done;
      }
      if (this.#fault !== undefined) throw this.#fault;
      if (this.#running === 0) return null;
      await this.#changed.wait();
    }
  }

  slotEnded = (): void => {
    this.#running -= 1;
    this.#changed.fire();
  };

  fail = (fault: unknown): void => {
    this.#fault ??= fault;
    this.slotEnded();
  };

  stop(): void {
    this.#stopped = true;
    this.#endTaking();
    this.#changed.fire();
  }

  /**
   * A source that never ends (standard input) does not hold a stop up. Not `Promise.race` with a promise that lives as
   * long as the run: that one would keep every job it was ever raced with.
   */
  #takeUnlessStopped(): Promise<Numbered<T> | null> {
    return new Promise((resolve, reject) => {
      this.#endTaking = () => resolve(null);
      this.#takeOne().then(resolve, reject);
    });
  }

  async #takeOne(): Promise<Numbered<T> | null> {
    for (;;) {
      while (this.#taken - this.#given >= AHEAD_MAX && !this.#stopped) await this.#changed.wait();
      const found = this.#stopped ? null : await this.#jobs.next();
      if (found === null || found.done === true) return null;
      const job = { ...found.value, seq: this.#taken };
      this.#taken += 1;
      if (job.known === undefined) return job;
      this.done(job, job.known);
    }
  }
}

/** Wakes everybody who waits. Waiters look at the state first and wait in the same turn, so no call is missed. */
class Signal {
  #waiting: (() => void)[] = [];

  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  fire(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
