import { setTimeout as sleep } from 'node:timers/promises';
import { HardshellError } from '../../contracts/index.ts';
import type { Channel, LaunchedReader, ReaderLauncher } from './launch.ts';
import { Order, type Finish, type Job, type Numbered } from './order.ts';
import { ReaderGone, ReaderSession, type ReadResult } from './reader-session.ts';

export interface PoolOptions<T, R> {
  readonly launcher: ReaderLauncher;
  readonly finish: Finish<T, R>;
  /** Readers at the same time. */
  readonly readers: number;
  /** Milliseconds that one message may take. */
  readonly deadlineMs?: number;
  readonly batch?: { readonly messages: number; readonly bytes: number };
}

/** A batch reader lives for so many messages or bytes, whichever comes first: docs/decisions/0007. */
export const BATCH = { messages: 1_024, bytes: 67_108_864 } as const;
/** Messages that a reader has before it, so that it never waits for us; large ones come one at a time. */
const OPEN_MAX = 4;
const OPEN_BYTES_MAX = 4_194_304;
const LAUNCH_ATTEMPTS = 4;
const LAUNCH_PAUSE_MS = 250;

/**
 * Reads all jobs in sandboxed readers and gives the results in the order of the jobs. Memory is bounded by what the
 * readers have open and by the results that wait for an earlier one.
 */
export async function* readAll<T, R>(jobs: AsyncIterator<Job<T>>, options: PoolOptions<T, R>): AsyncGenerator<R> {
  const order = new Order<T, R>(jobs, options);
  const slots = Array.from({ length: options.readers }, () => new Slot<T, R>(options, order));
  const ended = slots.map((slot) => slot.run().then(order.slotEnded, order.fail));
  try {
    for (let done = await order.next(); done !== null; done = await order.next()) yield done.value;
  } finally {
    order.stop();
    await Promise.all(slots.map((slot) => slot.stop()));
    await Promise.all(ended);
  }
}

interface Batch<T> {
  readonly suspects: readonly Numbered<T>[];
  readonly over: Numbered<T> | null;
}

/** One reader after another, each for one batch of one channel. */
class Slot<T, R> {
  readonly #options: PoolOptions<T, R>;
  readonly #order: Order<T, R>;
  #session: ReaderSession | undefined;
  #stopped = false;

  constructor(options: PoolOptions<T, R>, order: Order<T, R>) {
    this.#options = options;
    this.#order = order;
  }

  async run(): Promise<void> {
    let over: Numbered<T> | null = null;
    for (;;) {
      const first: Numbered<T> | null = over ?? (await this.#order.take());
      if (first === null || this.#stopped) return;
      const batch = await this.#runBatch(first);
      over = batch.over;
      // What a dying batch had open is read again, one message a process: only the culprit fails twice.
      for (const job of batch.suspects) {
        if (this.#stopped) return;
        this.#order.done(job, await this.#readAlone(job));
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#session?.close();
  }

  /**
   * Reads until the batch is full, the jobs end or one of another channel comes. Returns what was open when the process
   * died, and a job that was taken and belongs to the next batch.
   */
  async #runBatch(first: Numbered<T>): Promise<Batch<T>> {
    const batch = this.#options.batch ?? BATCH;
    const session = await this.#open(first.channel);
    const suspects: Numbered<T>[] = [];
    const open = new Set<Promise<void>>();
    let openBytes = 0;
    let messages = 0;
    let bytes = 0;
    let job: Numbered<T> | null = first;
    while (job !== null && suspects.length === 0 && job.channel === first.channel) {
      const mine = job;
      messages += 1;
      bytes += mine.bytes.length;
      openBytes += mine.bytes.length;
      const reading: Promise<void> = session
        .read(String(mine.seq), mine.bytes)
        .then((result) => this.#order.done(mine, result))
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
      job = full || suspects.length > 0 || this.#stopped ? null : await this.#order.take();
    }
    await Promise.all(open);
    await session.close();
    return { suspects: suspects.sort((a, b) => a.seq - b.seq), over: job };
  }

  async #readAlone(job: Numbered<T>): Promise<ReadResult> {
    const session = await this.#open(job.channel);
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

  async #open(channel: Channel): Promise<ReaderSession> {
    const launched = await launchPatiently(this.#options.launcher, channel);
    this.#session = new ReaderSession(launched, channel, this.#options.deadlineMs);
    if (this.#stopped) await this.#session.close();
    return this.#session;
  }
}

/** On a machine with too much to do a start may fail; a scan of hours does not end for that. */
async function launchPatiently(launcher: ReaderLauncher, channel: Channel): Promise<LaunchedReader> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await launcher.launch(channel);
    } catch (error) {
      if (attempt === LAUNCH_ATTEMPTS) throw error;
      await sleep(attempt * LAUNCH_PAUSE_MS);
    }
  }
}

/** A reader has enough before it. */
function isFull(open: { readonly messages: number; readonly bytes: number }): boolean {
  return open.messages >= OPEN_MAX || open.bytes >= OPEN_BYTES_MAX;
}
