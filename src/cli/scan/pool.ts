import { HardshellError } from '../../contracts/index.ts';
import type { ReaderLauncher } from './launch.ts';
import { ReaderGone, ReaderSession, type ReadResult } from './reader-session.ts';

/** One message to be read. `T` is whatever the caller knows about it. */
export interface Job<T> {
  readonly bytes: Buffer;
  readonly about: T;
  /** The result, where it is known without reading. */
  readonly known?: ReadResult;
}

export interface PoolOptions<T, R> {
  readonly launcher: ReaderLauncher;
  /** Makes what is kept of a message; called as soon as it was read, so that waiting results are small. */
  readonly finish: (about: T, result: ReadResult) => R;
  /** Readers at the same time. */
  readonly readers: number;
  /** Milliseconds that one message may take. */
  readonly deadlineMs?: number;
  readonly batch?: { readonly messages: number; readonly bytes: number };
}

/** Design, section 3: a batch reader lives for so many messages or bytes, whichever comes first. */
export const BATCH = { messages: 256, bytes: 67_108_864 } as const;
/** Messages that a reader has before it, so that it never waits for us; large ones come one at a time. */
const OPEN_MAX = 4;
const OPEN_BYTES_MAX = 4_194_304;
/** Results that may wait for an earlier one. Bounds memory while one message uses up its time. */
const AHEAD_MAX = 2_048;

type Numbered<T> = Job<T> & { readonly seq: number };

/**
 * Reads all jobs in sandboxed readers and gives the results in the order of the jobs. Memory is bounded by what the
 * readers have open and by the results that wait for an earlier one.
 */
export async function* readAll<T, R>(jobs: AsyncIterator<Job<T>>, options: PoolOptions<T, R>): AsyncGenerator<R> {
  const run = new Run<T, R>(jobs, options);
  const slots = Array.from({ length: options.readers }, () => new Slot<T, R>(options, run));
  const ended = slots.map((slot) => slot.run().then(run.slotEnded, run.fail));
  try {
    for (let done = await run.next(); done !== null; done = await run.next()) yield done.value;
  } finally {
    run.stop();
    await Promise.all(slots.map((slot) => slot.stop()));
    await Promise.all(ended);
  }
}

/** The order of one run: numbers jobs as they are taken, and gives results out by these numbers. */
class Run<T, R> {
  readonly #jobs: AsyncIterator<Job<T>>;
  readonly #results = new Map<number, { readonly value: R }>();
  readonly #changed = new Signal();
  readonly #finish: (about: T, result: ReadResult) => R;
  readonly #stopping: Promise<null>;
  #stop: () => void = () => undefined;
  #stopped = false;
  #fault: unknown;
  #taking: Promise<unknown> = Promise.resolve();
  #taken = 0;
  #given = 0;
  #running: number;

  constructor(jobs: AsyncIterator<Job<T>>, options: PoolOptions<T, R>) {
    this.#jobs = jobs;
    this.#finish = options.finish;
    this.#running = options.readers;
    this.#stopping = new Promise((resolve) => (this.#stop = () => resolve(null)));
  }

  /** The next job that has to be read; null when there is none, or the run stops. */
  take(): Promise<Numbered<T> | null> {
    const step = this.#taking.then(() => Promise.race([this.#takeOne(), this.#stopping]));
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
    this.#stop();
    this.#changed.fire();
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

/** One reader after another, each for one batch. */
class Slot<T, R> {
  readonly #options: PoolOptions<T, R>;
  readonly #run: Run<T, R>;
  #session: ReaderSession | undefined;
  #stopped = false;

  constructor(options: PoolOptions<T, R>, run: Run<T, R>) {
    this.#options = options;
    this.#run = run;
  }

  async run(): Promise<void> {
    for (;;) {
      const first = await this.#run.take();
      if (first === null || this.#stopped) return;
      const suspects = await this.#runBatch(first);
      // What a dying batch had open is read again, one message a process: only the culprit fails twice.
      for (const job of suspects) {
        if (this.#stopped) return;
        this.#run.done(job, await this.#readAlone(job));
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#session?.close();
  }

  /** Reads until the batch is full or the jobs end. Returns what was open when the process died. */
  async #runBatch(first: Numbered<T>): Promise<readonly Numbered<T>[]> {
    const batch = this.#options.batch ?? BATCH;
    const session = await this.#open();
    const suspects: Numbered<T>[] = [];
    const open = new Set<Promise<void>>();
    let openBytes = 0;
    let messages = 0;
    let bytes = 0;
    let job: Numbered<T> | null = first;
    while (job !== null && suspects.length === 0) {
      const mine = job;
      messages += 1;
      bytes += mine.bytes.length;
      openBytes += mine.bytes.length;
      const reading: Promise<void> = session
        .read(String(mine.seq), mine.bytes)
        .then((result) => this.#run.done(mine, result))
        .catch((error: unknown) => {
          if (!(error instanceof ReaderGone)) throw error;
          suspects.push(mine);
        })
        .finally(() => {
          openBytes -= mine.bytes.length;
          open.delete(reading);
        });
      open.add(reading);
      while (open.size > 0 && isFull({ messages: open.size, bytes: openBytes })) await Promise.race(open);
      const full = messages >= batch.messages || bytes >= batch.bytes;
      job = full || suspects.length > 0 || this.#stopped ? null : await this.#run.take();
    }
    if (job !== null) suspects.push(job);
    await Promise.all(open);
    await session.close();
    return suspects.sort((a, b) => a.seq - b.seq);
  }

  async #readAlone(job: Numbered<T>): Promise<ReadResult> {
    const session = await this.#open();
    try {
      return await session.read(String(job.seq), job.bytes);
    } catch (error) {
      if (!(error instanceof ReaderGone)) throw error;
      if (!session.isReady)
        throw new HardshellError('isolation_failed', 'a reader ended before it was ready', { fate: 'stop' });
      return { kind: 'failed', reason: error.reason };
    } finally {
      await session.close();
    }
  }

  async #open(): Promise<ReaderSession> {
    const launched = await this.#options.launcher.launch();
    this.#session = new ReaderSession(launched, this.#options.deadlineMs);
    if (this.#stopped) await this.#session.close();
    return this.#session;
  }
}

/** A reader has enough before it. */
function isFull(open: { readonly messages: number; readonly bytes: number }): boolean {
  return open.messages >= OPEN_MAX || open.bytes >= OPEN_BYTES_MAX;
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
