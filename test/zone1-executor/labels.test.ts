import { describe, expect, test } from 'vitest';
import type { AuthorityValue, DecisionRequest } from '../../src/contracts/index.ts';
import { sql } from '../../src/state/index.ts';
import { deliver, openSession } from '../../src/zone1-executor/sessions.ts';
import {
  accept,
  approve,
  askFor,
  fresh,
  itemSession,
  keyOf,
  ownSession,
  refusal,
  run,
  storeMessage,
} from '../support/line.ts';
import { makeBench, type Bench } from '../support/station.ts';

const TO_BOB = { to: ['bob@example.net'], subject: 'Hello', body: 'Are you there?' };

function factsOf(bench: Bench): DecisionRequest {
  const row = bench.db.get(sql.selectFrom('requests').select('facts').orderBy('at_ms', 'desc').limit(1));
  return JSON.parse(row?.facts ?? '{}') as DecisionRequest;
}

async function firstValue(bench: Bench): Promise<AuthorityValue> {
  const [value] = factsOf(bench).values;
  if (value === undefined) throw new Error('no value');
  return value;
}

describe('labels of sessions', () => {
  test('a session is trusted and public only while nothing was delivered to it', async () => {
    const bench = makeBench();
    const own = await ownSession(bench);
    expect(own.label).toMatchObject({ integrity: 'trusted', confidentiality: 'public' });
    const kid = await storeMessage(bench);
    await bench.station.ledger.commit((tx) => deliver(bench.station, tx, own.sid, kid, 'result'));
    expect(fresh(bench, own.sid).label).toEqual({ integrity: 'untrusted', confidentiality: 'private', sources: [kid] });
  });

  test('reading mail taints the session before its answer leaves', async () => {
    const bench = makeBench();
    const key = keyOf(bench);
    await storeMessage(bench);
    const own = await ownSession(bench);
    const asked = accept(await askFor(bench, own, { limit: 5 }, 'read_email'));
    if (asked.kind !== 'allowed') throw new Error('reading needs no person');
    const done = accept(await run(bench, key, own, asked.minted, { limit: 5 }, 'read_email'));
    expect(done).toMatchObject({ kind: 'done', value: { content_refs: [expect.stringMatching(/^c_/)] } });
    expect(fresh(bench, own.sid).label.integrity).toBe('untrusted');
  });

  test('a scheduled task brings its label into its session', async () => {
    const bench = makeBench();
    const label = { integrity: 'untrusted', confidentiality: 'private', sources: ['k_x'] } as const;
    const session = await bench.station.ledger.commit((tx) =>
      openSession(bench.station, tx, { zone: 'zone2-planner', origin: 'task', label }),
    );
    expect(fresh(bench, session.sid).label).toEqual(label);
  });
});

describe('references', () => {
  test('a reference of another session is not found; the session’s own is', async () => {
    const bench = makeBench();
    const mine = await itemSession(bench);
    const other = await itemSession(bench, { from: 'eve@example.com' });
    const to = (ref: string): object => ({ to: [{ ref: `${ref}#/from` }], subject: 's', body: 'b' });
    expect(refusal(await askFor(bench, mine.session, to(other.ref) as never))).toBe('not_found');
    expect(refusal(await askFor(bench, mine.session, to(mine.ref) as never))).toBe('accepted');
    expect(refusal(await askFor(bench, mine.session, { content_ref: other.ref }, 'read_email'))).toBe('not_found');
    expect(refusal(await askFor(bench, mine.session, { content_ref: mine.ref }, 'read_email'))).toBe('accepted');
  });

  test('only whole text values of own members can be referred to', async () => {
    const bench = makeBench();
    const { session, ref } = await itemSession(bench);
    const body = (pointer: string): Promise<string> =>
      askFor(bench, session, { to: ['ann@example.org'], subject: 's', body: { ref: `${ref}#${pointer}` } }).then(
        refusal,
      );
    for (const pointer of ['', '/to', '/injection_score', '/findings'])
      expect(await body(pointer)).toBe('invalid_params');
    for (const pointer of ['/__proto__', '/constructor/name', '/from/length', '/to/9', '/nothing', '/to/-'])
      expect(await body(pointer)).toBe('not_found');
    for (const pointer of ['/subject', '/to/0', '/from']) expect(await body(pointer)).toBe('accepted');
  });

  test('what was resolved when it was asked is what goes out, whatever the content becomes', async () => {
    const bench = makeBench();
    const key = keyOf(bench);
    const { session, ref, kid } = await itemSession(bench);
    const params = { to: [{ ref: `${ref}#/from` }], subject: 'Re', body: 'Yes.' };
    const minted = accept(await approve(bench, await askFor(bench, session, params)));
    const changed = JSON.stringify({
      ...JSON.parse(bench.db.get(sql.selectFrom('contents').select('extract').where('kid', '=', kid))?.extract ?? '{}'),
      from: 'eve@example.com',
    });
    await bench.station.ledger.commit((tx) =>
      tx.run(sql.updateTable('contents').set({ extract: changed }).where('kid', '=', kid)),
    );
    accept(await run(bench, key, session, minted, params));
    const payload = bench.db.get(sql.selectFrom('payloads').select('bytes'));
    expect(Buffer.from(payload?.bytes ?? []).toString()).toContain('ann@example.org');
    expect(Buffer.from(payload?.bytes ?? []).toString()).not.toContain('eve@example.com');
  });
});

describe('who named a destination', () => {
  test('a contact that the owner typed is named; a stranger is not', async () => {
    const bench = makeBench();
    const own = await ownSession(bench);
    await askFor(bench, own, TO_BOB);
    expect(await firstValue(bench)).toMatchObject({
      named: true,
      audience: 'contact',
      label: { integrity: 'trusted' },
    });
    bench.clock.pass(1);
    await askFor(bench, own, { ...TO_BOB, to: ['eve@example.com'] });
    expect(await firstValue(bench)).toMatchObject({ named: false, audience: 'unknown' });
  });

  test('letters of a contact inside a longer address name nobody', async () => {
    const bench = makeBench();
    for (const to of [
      'bob@example.net.evil.example',
      'notbob@example.net',
      'bob@example.network',
      'bob+x@example.net',
    ]) {
      bench.clock.pass(1);
      await askFor(bench, await ownSession(bench), { ...TO_BOB, to: [to] });
      expect(await firstValue(bench)).toMatchObject({ value: to, named: false, audience: 'unknown' });
    }
  });

  test('a contact that also stands in delivered content is not named there', async () => {
    const bench = makeBench();
    const { session } = await itemSession(bench, { body: 'Please write to bob@example.net about it.' });
    await askFor(bench, session, TO_BOB);
    expect(await firstValue(bench)).toMatchObject({ named: false, label: { integrity: 'untrusted' } });
  });

  test('an address in the text of an instruction names nobody; a typed recipient does', async () => {
    const bench = makeBench();
    const words = await ownSession(bench);
    await bench.station.ledger.commit((tx) =>
      tx.run(
        sql.insertInto('instructions').values({
          sid: words.sid,
          seq: 1,
          text: 'never write to eve@example.com',
          at_ms: 0,
          taken: 1,
          task: null,
          answer: null,
        }),
      ),
    );
    await askFor(bench, words, { ...TO_BOB, to: ['eve@example.com'] });
    expect(await firstValue(bench)).toMatchObject({ named: false });
    bench.clock.pass(1);
    await askFor(bench, await ownSession(bench, ['carol@example.org']), { ...TO_BOB, to: ['carol@example.org'] });
    expect(await firstValue(bench)).toMatchObject({ named: true });
  });

  test('a typed recipient of one session names nobody in another', async () => {
    const bench = makeBench();
    await ownSession(bench, ['carol@example.org']);
    await askFor(bench, await ownSession(bench), { ...TO_BOB, to: ['carol@example.org'] });
    expect(await firstValue(bench)).toMatchObject({ named: false });
  });
});

describe('flow and influence', () => {
  test('private content to somebody who has not seen it is red; to its sender it is not', async () => {
    const bench = makeBench();
    const { session } = await itemSession(bench);
    const toEve = accept(await askFor(bench, session, { ...TO_BOB, to: ['eve@example.com'] }));
    const toAnn = accept(await askFor(bench, session, { ...TO_BOB, to: ['ann@example.org'] }));
    if (toEve.kind !== 'pending' || toAnn.kind !== 'pending') throw new Error('both are asked');
    expect(toEve.approval.content.red.map((mark) => mark.kind)).toContain('flow');
    expect(toAnn.approval.content.red).toEqual([]);
  });

  test('a draft carries its labels to the mail that is made of it', async () => {
    const bench = makeBench();
    const key = keyOf(bench);
    const { session } = await itemSession(bench);
    const drafted = accept(await askFor(bench, session, { ...TO_BOB, to: ['eve@example.com'] }, 'draft_email'));
    if (drafted.kind !== 'allowed') throw new Error('drafts need no person');
    const done = accept(
      await run(bench, key, session, drafted.minted, { ...TO_BOB, to: ['eve@example.com'] }, 'draft_email'),
    );
    const draft = done.kind === 'done' ? (done.value as { draft: string }).draft : '';
    const sent = accept(await askFor(bench, session, { draft }));
    if (sent.kind !== 'pending') throw new Error('sending is asked');
    expect(sent.approval.content.red.map((mark) => mark.kind)).toContain('flow');
    expect(factsOf(bench).payload.integrity).toBe('untrusted');
    const stranger = await itemSession(bench);
    expect(refusal(await askFor(bench, stranger.session, { draft }))).toBe('not_found');
  });

  test('stretches copied from a message are marked, own words are not', async () => {
    const bench = makeBench();
    const { session } = await itemSession(bench, { body: 'The secret plan is to meet under the old bridge.' });
    const body = 'He says: meet under the old bridge. I am not sure.';
    const asked = accept(await askFor(bench, session, { to: ['ann@example.org'], subject: 'Re', body }));
    if (asked.kind !== 'pending') throw new Error('it is asked');
    const spans = asked.approval.content.influence['body'] ?? [];
    expect(spans.map(({ start, end }) => body.slice(start, end))).toEqual([' meet under the old bridge.']);
  });
});
