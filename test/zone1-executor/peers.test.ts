import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ConnectorLink } from '../../src/zone1-executor/connector-link.ts';
import { ReaderPool, type ReaderEnd, type ReaderProcess } from '../../src/zone1-executor/reader-pool.ts';
import { extractOf } from '../support/station.ts';

type Frame = Readonly<Record<string, unknown>>;

/** A reader that answers what the test says when the message has been sent to it. */
function poolOf(answer: (send: (frame: Frame) => void, die: () => void, got: Frame[]) => void): {
  pool: ReaderPool;
  ended: () => number;
  started: () => number;
} {
  let ended = 0;
  let started = 0;
  const start = async (): Promise<ReaderProcess> => {
    started += 1;
    const got: Frame[] = [];
    let take: (frame: Frame) => void = () => undefined;
    let gone: (how: ReaderEnd) => void = () => undefined;
    return {
      name: `zone3-email-reader.${started}`,
      link: {
        send: (message) => {
          got.push(message as Frame);
          if ((message as Frame)['type'] === 'sanitize_end')
            answer(
              (frame) => take(frame),
              () => gone('ended'),
              got,
            );
        },
        drained: async () => undefined,
        destroy: () => undefined,
      },
      onFrame: (next) => (take = next),
      onGone: (next) => (gone = next),
      end: () => (ended += 1),
    };
  };
  return {
    pool: new ReaderPool({ channel: 'email', start, fault: () => undefined }),
    ended: () => ended,
    started: () => started,
  };
}

const RAW = Buffer.from('From: ann@example.org\n\nHello');
const GOOD = { type: 'sanitized', id: 'm', message: extractOf() };

describe('a reader is not believed', () => {
  test('what an honest one returns is taken', async () => {
    const { pool } = poolOf((send) => send({ ...GOOD, message_id: '<a@b>' }));
    expect(await pool.read(RAW)).toMatchObject({
      kind: 'read',
      read: { sender: 'ann@example.org', messageId: '<a@b>' },
    });
  });

  test.each<[string, Frame]>([
    ['another job’s answer', { ...GOOD, id: 'n' }],
    ['a further member', { ...GOOD, label: 'trusted' }],
    ['a member of the message that is not known', { ...GOOD, message: { ...extractOf(), integrity: 'trusted' } }],
    ['a body past its cap', { ...GOOD, message: extractOf({ body: 'x'.repeat(10_001) }) }],
    ['a length that is not the body’s', { ...GOOD, message: { ...extractOf(), sanitized_length: 1 } }],
    ['a control character', { ...GOOD, message: extractOf({ subject: 'a\u001b[2Jb' }) }],
    ['a bidi override', { ...GOOD, message: extractOf({ body: 'a\u202eb' }) }],
    ['a tag character', { ...GOOD, message: extractOf({ body: 'a\u{e0041}b' }) }],
    ['another channel', { ...GOOD, message: { ...extractOf(), channel: 'slack' } }],
    ['no message', { type: 'sanitized', id: 'm' }],
    ['something else', { type: 'capability_request', action: 'send_email', params: {} }],
  ])('%s is refused', async (_, frame) => {
    const { pool } = poolOf((send) => send(frame));
    expect(await pool.read(RAW)).toEqual({ kind: 'failed', reason: 'lying_reader' });
  });

  test('a claimed Message-ID that could break a header is dropped, the message is kept', async () => {
    for (const bad of ['<a@b>\r\nBcc: eve@evil.example', '<a b@c>', 'a@b', `<${'x'.repeat(300)}@b>`, 7]) {
      const { pool } = poolOf((send) => send({ ...GOOD, message_id: bad }));
      expect(await pool.read(RAW)).toMatchObject({ kind: 'read', read: { messageId: null } });
    }
  });

  test('one that dies or refuses costs its message only, and every message has a process of its own', async () => {
    let n = 0;
    const { pool, ended, started } = poolOf((send, die) => {
      n += 1;
      if (n === 1) die();
      else if (n === 2) send({ type: 'error', id: 'm', error: 'malformed', message: 'no' });
      else send(GOOD);
    });
    expect(await pool.read(RAW)).toEqual({ kind: 'failed', reason: 'crashed' });
    expect(await pool.read(RAW)).toEqual({ kind: 'failed', reason: 'malformed' });
    expect(await pool.read(RAW)).toMatchObject({ kind: 'read' });
    expect(ended()).toBe(3);
    expect(started()).toBe(4);
  });

  test('a message arrives in chunks with its digest', async () => {
    let seen: Frame[] = [];
    const big = Buffer.alloc(1_300_000, 120);
    const { pool } = poolOf((send, _, got) => {
      seen = got;
      send(GOOD);
    });
    await pool.read(big);
    expect(seen.map((frame) => frame['type'])).toEqual([
      'sanitize_begin',
      'sanitize_chunk',
      'sanitize_chunk',
      'sanitize_chunk',
      'sanitize_end',
    ]);
    expect(seen.at(-1)).toMatchObject({ sha256: createHash('sha256').update(big).digest('hex') });
  });
});

describe('a connector is not believed', () => {
  const WH = 'a'.repeat(64);

  function linkOf(answer: (message: Frame, reply: (frame: unknown) => void) => void): {
    link: ConnectorLink;
    destroyed: () => boolean;
  } {
    const link = new ConnectorLink(['email']);
    let destroyed = false;
    const events = link.attach({
      send: (message) => answer(message as Frame, (frame) => events.onFrame(frame)),
      drained: async () => undefined,
      destroy: () => {
        destroyed = true;
        events.onClose();
      },
    });
    return { link, destroyed: () => destroyed };
  }

  const perform = (outcome: Frame) => {
    const { link, destroyed } = linkOf((message, reply) => {
      if (message['type'] === 'payload_end')
        setImmediate(() => reply({ type: 'outcome', id: message['id'], jti: 'g_1', ...outcome }));
    });
    return link
      .perform({ jti: 'g_1', wh: WH, payload: Buffer.from('x') })
      .then((value) => ({ value, destroyed: destroyed() }));
  };

  test('an outcome for this act is taken', async () => {
    expect((await perform({ state: 'succeeded', accepted: WH })).value).toEqual({
      state: 'succeeded',
      accepted: WH,
      reason: null,
    });
  });

  test('an outcome for another act says nothing of this one', async () => {
    expect((await perform({ jti: 'g_2', state: 'succeeded', accepted: WH })).value).toMatchObject({ state: 'unknown' });
  });

  test('an answer that is no answer ends the connection, and the act is unknown to its asker', async () => {
    for (const bad of [{ state: 'great' }, { state: 'succeeded', accepted: 'short' }, { state: 'succeeded', extra: 1 }])
      await expect(perform(bad)).rejects.toThrow(/went away/);
  });

  const fetchWith = (frames: (id: unknown) => unknown[]) => {
    const { link } = linkOf((message, reply) => {
      if (message['type'] === 'fetch') setImmediate(() => frames(message['id']).forEach(reply));
    });
    return link.fetch({ limit: 5, acknowledged: [], waitMs: 0 });
  };
  const bytes = Buffer.from('From: a@b.example\n\nhi');
  const begin = (id: unknown) => ({
    type: 'raw_begin',
    id,
    channel: 'email',
    key: 'k',
    bytes: bytes.length,
    received_at: '2026-11-20T10:00:00Z',
  });
  const chunk = (id: unknown, seq = 0) => ({ type: 'raw_chunk', id, key: 'k', seq, data: bytes.toString('base64') });
  const end = (id: unknown, sha256 = createHash('sha256').update(bytes).digest('hex')) => ({
    type: 'raw_end',
    id,
    key: 'k',
    sha256,
  });
  const fetched = (id: unknown) => ({ type: 'fetched', id, count: 1, more: false });

  test('a message that is whole is taken', async () => {
    const { messages } = await fetchWith((id) => [begin(id), chunk(id), end(id), fetched(id)]);
    expect(messages.map(({ key, bytes: got }) => [key, Buffer.from(got).toString()])).toEqual([
      ['k', bytes.toString()],
    ]);
  });

  test.each([
    ['a wrong digest', (id: unknown) => [begin(id), chunk(id), end(id, '0'.repeat(64))]],
    ['a chunk out of order', (id: unknown) => [begin(id), chunk(id, 1)]],
    ['more bytes than announced', (id: unknown) => [begin(id), chunk(id), chunk(id, 1)]],
    ['an end without a beginning', (id: unknown) => [end(id)]],
    ['two beginnings', (id: unknown) => [begin(id), begin(id)]],
    ['something that is no frame of the protocol', () => [{ type: 'perform' }]],
    ['a message of a channel that is not its own', (id: unknown) => [{ ...begin(id), channel: 'telegram' }]],
    [
      'a message of another’s channel that it could not take',
      (id: unknown) => [{ type: 'raw_skipped', id, channel: 'slack', key: 'k', reason: 'unreadable' }],
    ],
    ['a message of a channel that is not known', (id: unknown) => [{ ...begin(id), channel: 'sms' }]],
  ])('%s ends the connection', async (_, frames) => {
    await expect(fetchWith(frames)).rejects.toThrow(/went away/);
  });
});
