import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ConnectorLink } from '../../src/zone1-executor/connector-link.ts';
import { Outbox } from '../../src/zone1-executor/outbox.ts';
import { ReaderPool, type ReaderProcess } from '../../src/zone1-executor/reader-pool.ts';
import { putRaw } from '../../src/zone1-executor/content-store.ts';
import { HardshellError } from '../../src/contracts/index.ts';
import { sql } from '../../src/state/index.ts';
import { accept, approve, askFor, keyOf, ownSession, run } from '../support/line.ts';
import { makeBench } from '../support/station.ts';

type Frame = Readonly<Record<string, unknown>>;

/** A link whose connector answers a fetch of at most `limit` messages with these frames. */
async function fetchSome(frames: (id: unknown) => Iterable<Frame>, limit = 20): Promise<number> {
  const link = new ConnectorLink(['email']);
  let gone = false;
  const events = link.attach({
    send: (message) =>
      setImmediate(() => {
        for (const frame of frames((message as Frame)['id'])) {
          if (gone) return;
          events.onFrame(frame);
        }
      }),
    drained: async () => undefined,
    destroy: () => {
      gone = true;
      events.onClose();
    },
  });
  const { messages } = await link.fetch({ limit, acknowledged: [], waitMs: 0 });
  return messages.length;
}

const sha256 = createHash('sha256').update('x').digest('hex');
function* messages(id: unknown, count: number): Iterable<Frame> {
  for (let i = 0; i < count; i++) {
    const key = `m${i}`;
    yield { type: 'raw_begin', id, channel: 'email', key, bytes: 1, received_at: '2026-11-20T10:00:00Z' };
    yield { type: 'raw_chunk', id, key, seq: 0, data: 'eA==' };
    yield { type: 'raw_end', id, key, sha256 };
  }
  yield { type: 'fetched', id, count, more: false };
}

describe('a connector that gives more than it was asked for', () => {
  test('is cut, one that keeps to it is not', async () => {
    expect(await fetchSome((id) => messages(id, 2), 2)).toBe(2);
    await expect(fetchSome((id) => messages(id, 3), 2)).rejects.toThrow(/went away/);
  });

  test('cannot go on for ever with empty pieces or with messages it could not take', async () => {
    const begin = (id: unknown): Frame => ({
      type: 'raw_begin',
      id,
      channel: 'email',
      key: 'k',
      bytes: 1,
      received_at: '2026-11-20T10:00:00Z',
    });
    const empty = (id: unknown): Frame[] => [begin(id), { type: 'raw_chunk', id, key: 'k', seq: 0, data: '' }];
    await expect(fetchSome(empty)).rejects.toThrow(/went away/);
    const skipped = (id: unknown): Frame[] =>
      Array.from({ length: 5_000 }, (_, i) => ({
        type: 'raw_skipped',
        id,
        channel: 'email',
        key: `${i}`,
        reason: 'unreadable',
      }));
    await expect(fetchSome(skipped)).rejects.toThrow(/went away/);
  });

  test('cannot put more bytes in one answer than the executor holds', async () => {
    const big = Buffer.alloc(40 * 1_048_576);
    const digest = createHash('sha256').update(big).digest('hex');
    const step = 524_288;
    function* whole(id: unknown, key: string): Iterable<Frame> {
      yield { type: 'raw_begin', id, channel: 'email', key, bytes: big.length, received_at: '2026-11-20T10:00:00Z' };
      for (let at = 0, seq = 0; at < big.length; at += step, seq += 1)
        yield { type: 'raw_chunk', id, key, seq, data: big.toString('base64', at, at + step) };
      yield { type: 'raw_end', id, key, sha256: digest };
    }
    const fetched = (id: unknown): Frame => ({ type: 'fetched', id, count: 2, more: false });
    const two = (id: unknown): Frame[] => [...whole(id, 'a'), ...whole(id, 'b')];
    expect(await fetchSome((id) => [...two(id), fetched(id)])).toBe(2);
    await expect(fetchSome((id) => [...two(id), ...messages(id, 1)])).rejects.toThrow(/went away/);
  });

  test('cannot date a message so that retention never reaches it', async () => {
    const bench = makeBench();
    await bench.station.ledger.commit((tx) => {
      for (const receivedMs of [Date.parse('9999-01-01T00:00:00Z'), -5, Number.NaN])
        putRaw(bench.station, tx, {
          channel: 'email',
          key: `${receivedMs}`,
          bytes: Buffer.from('x'),
          sha256,
          receivedMs,
        });
    });
    const times = bench.db.all(sql.selectFrom('contents').select('received_ms')).map((row) => row.received_ms);
    expect(times.sort()).toEqual([0, bench.clock.wall, bench.clock.wall]);
  });
});

describe('a reader that never takes its message', () => {
  test('costs the time of one reading and not the whole intake', async () => {
    let ended = 0;
    const start = async (): Promise<ReaderProcess> => ({
      name: 'zone3-email-reader.1',
      link: { send: () => undefined, drained: () => new Promise(() => undefined), destroy: () => undefined },
      onFrame: () => undefined,
      onGone: (gone) => void setTimeout(() => gone('ended'), 20),
      end: () => (ended += 1),
    });
    expect(await new ReaderPool({ channel: 'email', start, fault: () => undefined }).read(Buffer.alloc(10))).toEqual({
      kind: 'failed',
      reason: 'crashed',
    });
    expect(ended).toBe(1);
  });
});

describe('an act of which nothing is known', () => {
  test('is asked about until a connector is there to answer', async () => {
    const bench = makeBench();
    const key = keyOf(bench);
    const own = await ownSession(bench);
    const params = { to: ['bob@example.net'], subject: 's', body: 'b' };
    accept(await run(bench, key, own, accept(await approve(bench, await askFor(bench, own, params))), params));
    let here = false;
    const lost = (): never => {
      throw new HardshellError('connection_lost', 'no connector is connected', { fate: 'retry' });
    };
    const outbox = new Outbox(
      bench.station,
      {
        perform: async () => lost(),
        reconcile: async () => (here ? { state: 'absent', accepted: null, reason: null } : lost()),
      },
      () => undefined,
    );
    bench.clock.pass(20_000);
    for (let i = 0; i < 20; i++) await outbox.turn();
    const state = () => bench.db.get(sql.selectFrom('journal').select('state').where('act', '=', 'send_email'))?.state;
    expect(state()).toBe('unknown');
    here = true;
    await outbox.turn();
    expect(state()).toBe('failed');
  });
});
