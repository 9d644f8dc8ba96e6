import { describe, expect, test } from 'vitest';
import { sql } from '../../src/state/index.ts';
import { getContent, heldBytes, makeRoom, putRaw, retire, unread } from '../../src/zone1-executor/content-store.ts';
import type { Json, Outcome } from '../../src/contracts/index.ts';
import type { Session } from '../../src/zone1-executor/sessions.ts';
import { accept, askFor, itemSession, keyOf, ownSession, refusal, run, storeMessage } from '../support/line.ts';
import { makeBench, sha256Hex, type Bench } from '../support/station.ts';

const raw = (bench: Bench, key: string, size = 1_000) =>
  bench.station.ledger.commit((tx) => {
    const bytes = Buffer.alloc(size, 120);
    return putRaw(bench.station, tx, {
      channel: 'email',
      key,
      bytes,
      sha256: sha256Hex(bytes),
      receivedMs: bench.clock.wallMs(),
    });
  });

describe('stored content', () => {
  test('a message that is delivered again after a crash is stored once', async () => {
    const bench = makeBench();
    expect(await raw(bench, 'a')).toMatch(/^k_/);
    expect(await raw(bench, 'a')).toBeNull();
    expect(unread(bench.station.ledger.reader, 'email', 10)).toHaveLength(1);
  });

  test('raw bytes go after their days, extracts after theirs, and the row stays', async () => {
    const bench = makeBench();
    const kid = await storeMessage(bench);
    bench.clock.pass(8 * 86_400_000);
    await bench.station.ledger.commit((tx) => retire(bench.station, tx));
    expect(heldBytes(bench.station.ledger.reader)).toBe(0);
    expect(getContent(bench.station.ledger.reader, kid)?.extract.subject).toBe('Meeting');
    bench.clock.pass(30 * 86_400_000);
    await bench.station.ledger.commit((tx) => retire(bench.station, tx));
    expect(getContent(bench.station.ledger.reader, kid)).toBeUndefined();
    expect(bench.db.all(sql.selectFrom('contents').select('source_key'))).toHaveLength(1);
  });

  test('past the quota the oldest read messages lose their raw bytes; unread ones never do', async () => {
    const bench = makeBench();
    await raw(bench, 'unread', 5_000);
    for (let i = 0; i < 3; i++) {
      bench.clock.pass(1_000);
      await storeMessage(bench);
    }
    const room = (bytesMax: number): Promise<boolean> => bench.station.ledger.commit((tx) => makeRoom(tx, bytesMax));
    const before = heldBytes(bench.station.ledger.reader);
    expect(await room(before)).toBe(true);
    expect(await room(before - 1)).toBe(true);
    expect(heldBytes(bench.station.ledger.reader)).toBeLessThan(before);
    expect(await room(4_000)).toBe(false);
    expect(heldBytes(bench.station.ledger.reader)).toBe(5_000);
  });

  test('nothing of a message stands in the log', async () => {
    const bench = makeBench();
    await itemSession(bench, {
      subject: 'Planted-Subject',
      body: 'planted-body-words',
      from: 'planted@sender.example',
    });
    const log = bench.lines.join('\n');
    expect(log).toContain('item_read');
    for (const word of ['Planted', 'planted', 'sender.example']) expect(log).not.toContain(word);
  });
});

describe('the place where a listing goes on', () => {
  test('names no stored message, and works only in the session that was given it', async () => {
    const bench = makeBench();
    const key = keyOf(bench);
    const kids = [await storeMessage(bench), await storeMessage(bench), await storeMessage(bench)];
    const read = async (session: Session, cursor?: string): Promise<Outcome<{ items: Json[]; next: string }>> => {
      const params = cursor === undefined ? { limit: 2 } : { limit: 2, cursor };
      const asked = accept(await askFor(bench, session, params, 'read_email'));
      if (asked.kind !== 'allowed') throw new Error('reading needs no person');
      const done = await run(bench, key, session, asked.minted, params, 'read_email');
      if (!done.ok) return done;
      if (done.value.kind !== 'done') throw new Error('reading is done at once');
      return { ok: true, value: done.value.value as unknown as { items: Json[]; next: string } };
    };
    const own = await ownSession(bench);
    const { next } = accept(await read(own));
    expect(kids.some((kid) => next.includes(kid))).toBe(false);
    expect(accept(await read(own, next)).items).toHaveLength(1);
    expect(refusal(await read(await ownSession(bench), next))).toBe('invalid_params');
    expect(refusal(await read(own, `1.${'0'.repeat(32)}`))).toBe('invalid_params');
  });
});
