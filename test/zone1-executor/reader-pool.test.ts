import { describe, expect, test } from 'vitest';
import { CHANNELS, HardshellError, type Channel } from '../../src/contracts/index.ts';
import { sql } from '../../src/state/index.ts';
import { putRaw } from '../../src/zone1-executor/content-store.ts';
import { readForever } from '../../src/zone1-executor/intake.ts';
import { Notifier } from '../../src/zone1-executor/notifier.ts';
import {
  READER_BACK_OFF_MS,
  ReaderPool,
  type ReaderEnd,
  type ReaderProcess,
} from '../../src/zone1-executor/reader-pool.ts';
import { extractOf, makeBench, sha256Hex, type Bench } from '../support/station.ts';

type Say = (frame: Readonly<Record<string, unknown>>) => void;
/** What a reader does once it has its message: answer, or end. */
type Act = (say: Say, gone: (how: ReaderEnd) => void, channel: Channel) => void;

const answers: Act = (say, _, channel) => say({ type: 'sanitized', id: 'm', message: extractOf({ channel }) });
const dies: Act = (_, gone) => gone('ended');
const trips: Act = (_, gone) => gone('incident');

/** Readers that act one after another as the list says, the last one for ever. */
class Readers {
  readonly started: Channel[] = [];
  readonly pauses: number[] = [];
  readonly faults: string[] = [];
  /** Ends the spare that was started last, as it sits there. */
  endSpare: (how: ReaderEnd) => void = () => undefined;
  failStarts = 0;
  startError: Error = new HardshellError('unavailable', 'no', { fate: 'retry' });
  readonly #acts: Act[];
  readonly #pausesMax: number;

  constructor(acts: Act[], pausesMax = Number.POSITIVE_INFINITY) {
    this.#acts = acts;
    this.#pausesMax = pausesMax;
  }

  pool(channel: Channel = 'email'): ReaderPool {
    return new ReaderPool({
      channel,
      start: (wanted) => this.#start(wanted),
      fault: (where) => this.faults.push(where),
      // As many pauses as the test wants to see, and then one that lasts.
      pause: (ms) => {
        this.pauses.push(ms);
        return this.pauses.length > this.#pausesMax ? new Promise(() => undefined) : Promise.resolve();
      },
    });
  }

  async #start(channel: Channel): Promise<ReaderProcess> {
    this.started.push(channel);
    if (this.started.length <= this.failStarts) throw this.startError;
    let take: Say = () => undefined;
    let gone: (how: ReaderEnd) => void = () => undefined;
    const end = (how: ReaderEnd): void => gone(how);
    this.endSpare = end;
    return {
      name: `zone3-${channel}-reader.${this.started.length}`,
      link: {
        send: (message) => {
          if (!('type' in message) || message.type !== 'sanitize_end') return;
          const act = this.#acts.length > 1 ? this.#acts.shift() : this.#acts[0];
          setImmediate(() => act?.((frame) => take(frame), end, channel));
        },
        drained: async () => undefined,
        destroy: () => undefined,
      },
      onFrame: (next) => (take = next),
      onGone: (next) => (gone = next),
      end: () => undefined,
    };
  }
}

const RAW = Buffer.from('raw');
const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('readers of a channel', () => {
  test.each(CHANNELS)('read messages of %s only, each in a fresh process', async (channel) => {
    const readers = new Readers([answers]);
    const pool = readers.pool(channel);
    for (let i = 0; i < 3; i += 1)
      expect(await pool.read(RAW)).toMatchObject({ kind: 'read', read: { extract: { channel } } });
    // Three messages and the spare.
    expect(readers.started).toEqual([channel, channel, channel, channel]);
  });

  test.each(
    CHANNELS.flatMap((channel) =>
      CHANNELS.filter((other) => other !== channel).map((other) => [channel, other] as const),
    ),
  )('of %s that answer with a message of %s are liars', async (channel, other) => {
    const lies: Act = (say) => say({ type: 'sanitized', id: 'm', message: extractOf({ channel: other }) });
    expect(await new Readers([lies]).pool(channel).read(RAW)).toEqual({ kind: 'failed', reason: 'lying_reader' });
  });

  test('are not started before they are needed, but where they are prepared', async () => {
    const lazy = new Readers([answers]);
    const pool = lazy.pool('slack');
    await settle();
    expect(lazy.started).toEqual([]);
    pool.prepare();
    await settle();
    expect(lazy.started).toEqual(['slack']);
  });

  test.each([
    ['telegram:user:12 Bob', 'telegram:user:12'],
    ['bob@example.net', 'telegram:unknown'],
    ['slack:user:U1 Bob', 'telegram:unknown'],
    ['', 'telegram:unknown'],
  ])('that name %j as the sender of a chat never name a mail address', async (from, sender) => {
    const says: Act = (say) =>
      say({ type: 'sanitized', id: 'm', message: extractOf({ channel: 'telegram', from }), message_id: '<a@b>' });
    expect(await new Readers([says]).pool('telegram').read(RAW)).toMatchObject({ read: { sender, messageId: null } });
  });
});

describe('a spare that dies', () => {
  test('is started again with pauses that double up to a bound, never in a tight loop', async () => {
    const readers = new Readers([answers], 12);
    readers.failStarts = Number.POSITIVE_INFINITY;
    readers.pool().prepare();
    await settle();
    const { first, most } = READER_BACK_OFF_MS;
    const expected = Array.from({ length: 13 }, (_, i) => Math.min(most, first * 2 ** i));
    expect(readers.pauses).toEqual(expected);
    expect(readers.started).toHaveLength(13);
    expect(readers.faults).toHaveLength(13);
  });

  test('costs no message, and an answer ends the pauses', async () => {
    const readers = new Readers([answers]);
    const pool = readers.pool();
    pool.prepare();
    await settle();
    readers.endSpare('ended');
    await settle();
    expect(readers.pauses).toEqual([READER_BACK_OFF_MS.first]);
    expect(await pool.read(RAW)).toMatchObject({ kind: 'read' });
    readers.endSpare('ended');
    await settle();
    // The spare that was begun beside the reading, and the one after it: without the answer that would be doubled.
    expect(readers.pauses).toEqual([READER_BACK_OFF_MS.first, READER_BACK_OFF_MS.first, READER_BACK_OFF_MS.first]);
  });

  test('while a message waits for it delays that message and loses nothing', async () => {
    const readers = new Readers([answers]);
    readers.failStarts = 1;
    const pool = readers.pool();
    await expect(pool.read(RAW)).rejects.toThrow('no');
    expect(await pool.read(RAW)).toMatchObject({ kind: 'read' });
  });
});

describe('a tripwire', () => {
  test('that a spare trips without a message stops the channel: nothing is started blindly', async () => {
    const readers = new Readers([answers]);
    const pool = readers.pool();
    pool.prepare();
    await settle();
    readers.endSpare('incident');
    await settle();
    expect(pool.halted).toBe(true);
    expect(readers.started).toHaveLength(1);
    await expect(pool.read(RAW)).rejects.toThrow('readers of email are stopped');
  });

  test('that stands open at the start stops the channel too', async () => {
    const readers = new Readers([answers]);
    readers.failStarts = 1;
    readers.startError = new HardshellError('isolation_failed', 'tripped', { fate: 'stop' });
    const pool = readers.pool();
    pool.prepare();
    await settle();
    expect(pool.halted).toBe(true);
    expect(readers.started).toHaveLength(1);
  });

  test('that messages trip stops the channel at the third, spare included', async () => {
    const readers = new Readers([trips]);
    const pool = readers.pool();
    for (let i = 0; i < 3; i += 1) {
      expect(pool.halted).toBe(false);
      expect(await pool.read(RAW)).toEqual({ kind: 'failed', reason: 'incident' });
    }
    expect(pool.halted).toBe(true);
    await expect(pool.read(RAW)).rejects.toThrow('stopped');
  });
});

interface Reading {
  readonly bench: Bench;
  readonly store: (channel: Channel, key?: string) => Promise<void>;
  readonly states: () => [string, string][];
  readonly stop: () => void;
  readonly until: (done: () => boolean) => Promise<void>;
}

/** The intake of these pools over a station of its own. */
function intake(...pools: ReaderPool[]): Reading {
  const bench = makeBench();
  const { station } = bench;
  const notifier = new Notifier();
  const stopped = new AbortController();
  const parts = { station, notifier, signal: stopped.signal, fault: () => undefined };
  for (const pool of pools) void readForever(parts, pool);
  return {
    bench,
    store: async (channel, key = 'k') => {
      const message = { channel, key, bytes: RAW, sha256: sha256Hex(RAW), receivedMs: bench.clock.wallMs() };
      await station.ledger.commit((tx) => putRaw(station, tx, message));
      notifier.notify(`unread:${channel}`);
    },
    states: () =>
      bench.db
        .all(sql.selectFrom('contents').select(['channel', 'state']).orderBy('source_key'))
        .map(({ channel, state }) => [channel, state]),
    stop: () => {
      stopped.abort();
      notifier.notifyAll();
    },
    until: async (done) => {
      for (let i = 0; i < 1_000 && !done(); i += 1) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(done()).toBe(true);
    },
  };
}

const logged = (bench: Bench, event: string): Record<string, unknown>[] =>
  bench.lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line['event'] === event);

describe('a message whose reader ends', () => {
  test('is tried once more in another process, and only once', async () => {
    const once = new Readers([dies, answers]);
    const reading = intake(once.pool('telegram'));
    await reading.store('telegram');
    await reading.until(() => reading.states().every(([, state]) => state === 'read'));
    expect(logged(reading.bench, 'item_read')).toMatchObject([
      { zone: 'zone3-telegram-reader', details: { channel: 'telegram' } },
    ]);
    reading.stop();
    const always = new Readers([dies]);
    const again = intake(always.pool('slack'));
    await again.store('slack');
    await again.until(() => again.states().every(([, state]) => state === 'failed'));
    expect(logged(again.bench, 'item_failed')).toMatchObject([
      { zone: 'zone3-slack-reader', details: { channel: 'slack', reason: 'crashed' } },
    ]);
    // Two tries and the spare.
    expect(always.started).toHaveLength(3);
    again.stop();
  });

  test('by a tripwire is not given to another: it is failed, and its channel is told in the log', async () => {
    const readers = new Readers([trips, answers]);
    const reading = intake(readers.pool('telegram'));
    await reading.store('telegram');
    await reading.until(() => reading.states()[0]?.[1] === 'failed');
    expect(logged(reading.bench, 'item_failed')).toMatchObject([
      { zone: 'zone3-telegram-reader', details: { channel: 'telegram', reason: 'incident' } },
    ]);
    await reading.store('telegram', 'next');
    await reading.until(() => reading.states()[1]?.[1] === 'read');
    reading.stop();
  });

  test('waits, stored, while its channel is stopped, and other channels are read', async () => {
    const broken = new Readers([answers]);
    broken.failStarts = 1;
    broken.startError = new HardshellError('isolation_failed', 'tripped', { fate: 'stop' });
    const halted = broken.pool('slack');
    halted.prepare();
    await settle();
    const reading = intake(halted, new Readers([answers]).pool('email'), new Readers([answers]).pool('telegram'));
    for (const channel of CHANNELS) await reading.store(channel);
    await reading.until(() => reading.states().filter(([, state]) => state === 'read').length === 2);
    expect(reading.states()).toContainEqual(['slack', 'received']);
    expect(broken.started).toHaveLength(1);
    reading.stop();
  });
});
