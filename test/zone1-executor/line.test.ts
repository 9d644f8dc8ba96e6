import { describe, expect, test } from 'vitest';
import { sql } from '../../src/state/index.ts';
import { Outbox } from '../../src/zone1-executor/outbox.ts';
import type { PerformOutcome } from '../../src/zone1-executor/ports.ts';
import { accept, approve, askFor, fresh, itemSession, keyOf, ownSession, refusal, run } from '../support/line.ts';
import { makeBench, policyOf, type Bench } from '../support/station.ts';

const MAIL = { to: ['ann@example.org'], subject: 'Re: Meeting', body: 'Friday is fine.' };

interface Sent {
  readonly jti: string;
  readonly wh: string;
}

function provider(
  bench: Bench,
  answer: (act: Sent) => PerformOutcome = ({ wh }) => ({ state: 'succeeded', accepted: wh, reason: null }),
): { outbox: Outbox; sent: Sent[] } {
  const sent: Sent[] = [];
  const outbox = new Outbox(
    bench.station,
    {
      perform: async ({ jti, wh }) => {
        sent.push({ jti, wh });
        return answer({ jti, wh });
      },
      reconcile: async ({ jti, wh }) =>
        sent.some((act) => act.jti === jti)
          ? { state: 'succeeded', accepted: wh, reason: null }
          : { state: 'absent', accepted: null, reason: null },
    },
    () => undefined,
  );
  return { outbox, sent };
}

describe('the straight line', () => {
  test('an approved mail is sent once, as it was shown', async () => {
    const bench = makeBench();
    const key = keyOf(bench);
    const { session, ref } = await itemSession(bench);
    const params = { to: [{ ref: `${ref}#/from` }], subject: 'Re: Meeting', body: 'Friday is fine.', in_reply_to: ref };
    const asked = await askFor(bench, session, params);
    const minted = accept(await approve(bench, asked));
    const done = accept(await run(bench, key, session, minted, params));
    expect(done.kind).toBe('queued');
    const { outbox, sent } = provider(bench);
    await outbox.turn();
    expect(sent).toHaveLength(0);
    bench.clock.pass(10_000);
    await outbox.turn();
    await outbox.turn();
    expect(sent).toEqual([{ jti: minted.jti, wh: minted.terms.wh }]);
  });

  test('a denial that comes after the approval and before dispatch wins', async () => {
    const bench = makeBench();
    const key = keyOf(bench);
    const { session } = await itemSession(bench);
    const minted = accept(await approve(bench, await askFor(bench, session, MAIL)));
    accept(await run(bench, key, session, minted, MAIL));
    await bench.station.ledger.commit((tx) => tx.run(sql.updateTable('approvals').set({ state: 'denied' })));
    const { outbox, sent } = provider(bench);
    bench.clock.pass(60_000);
    await outbox.turn();
    expect(sent).toEqual([]);
    expect(bench.db.get(sql.selectFrom('journal').select(['state', 'reason']))).toEqual({
      state: 'failed',
      reason: 'denied',
    });
  });

  test('of a hundred redemptions of one grant exactly one acts', async () => {
    const bench = makeBench();
    const key = keyOf(bench);
    const { session } = await itemSession(bench);
    const minted = accept(await approve(bench, await askFor(bench, session, MAIL)));
    const all = await Promise.all(Array.from({ length: 100 }, () => run(bench, key, session, minted, MAIL)));
    expect(all.filter((outcome) => outcome.ok)).toHaveLength(1);
    expect(new Set(all.map(refusal))).toEqual(new Set(['accepted', 'token_used']));
  });

  test('other parameters than the approved ones are refused, and the grant stays usable for the approved ones', async () => {
    const bench = makeBench();
    const key = keyOf(bench);
    const { session } = await itemSession(bench);
    const minted = accept(await approve(bench, await askFor(bench, session, MAIL)));
    expect(refusal(await run(bench, key, session, minted, { ...MAIL, to: ['eve@example.com'] }))).toBe(
      'params_mismatch',
    );
    expect(refusal(await run(bench, key, session, minted, { ...MAIL, body: 'Friday is fine. ' }))).toBe(
      'params_mismatch',
    );
    expect(refusal(await run(bench, key, session, minted, MAIL))).toBe('accepted');
  });

  test('a token works only in its session', async () => {
    const bench = makeBench();
    const key = keyOf(bench);
    const { session } = await itemSession(bench);
    const other = await ownSession(bench);
    const minted = accept(await approve(bench, await askFor(bench, session, MAIL)));
    expect(refusal(await run(bench, key, other, minted, MAIL))).toBe('token_invalid');
    expect(refusal(await run(bench, key, session, minted, MAIL))).toBe('accepted');
  });

  test('a stricter policy voids what was approved under the old one; the same policy does not', async () => {
    const bench = makeBench();
    const key = keyOf(bench);
    const { session } = await itemSession(bench);
    const minted = accept(await approve(bench, await askFor(bench, session, MAIL)));
    const before = bench.knobs.policy;
    bench.knobs.policy = policyOf(
      `${before.text}\n@id("no-example-org") forbid(principal, action == Action::"send_email", resource);`,
    );
    expect(refusal(await run(bench, key, session, minted, MAIL))).toBe('policy_denied');
    bench.knobs.policy = before;
    expect(refusal(await run(bench, key, session, minted, MAIL))).toBe('token_used');
  });

  test('after a restart what was approved and not redeemed is over', async () => {
    const bench = makeBench();
    const { session } = await itemSession(bench);
    const minted = accept(await approve(bench, await askFor(bench, session, MAIL)));
    const again = bench.restart();
    const { Housekeeping } = await import('../../src/zone1-executor/housekeeping.ts');
    const { TokenTable } = await import('../../src/zone1-executor/tokens.ts');
    const { Notifier } = await import('../../src/zone1-executor/notifier.ts');
    await new Housekeeping(again.station, new TokenTable(), new Notifier()).recover();
    expect(refusal(await run(again, keyOf(again), fresh(again, session.sid), minted, MAIL))).toBe('token_invalid');
  });

  test('nothing is asked and nothing is redeemed after a stop', async () => {
    const bench = makeBench();
    const key = keyOf(bench);
    const { session } = await itemSession(bench);
    const minted = accept(await approve(bench, await askFor(bench, session, MAIL)));
    accept(await run(bench, key, session, minted, MAIL));
    bench.knobs.armed = false;
    expect(refusal(await askFor(bench, session, { ...MAIL, subject: 'other' }))).toBe('killed');
    const { outbox, sent } = provider(bench);
    bench.clock.pass(60_000);
    await outbox.turn();
    expect(sent).toEqual([]);
  });

  test('a provider that took other bytes leaves the act unknown, never succeeded', async () => {
    const bench = makeBench();
    const key = keyOf(bench);
    const { session } = await itemSession(bench);
    const minted = accept(await approve(bench, await askFor(bench, session, MAIL)));
    accept(await run(bench, key, session, minted, MAIL));
    const { outbox } = provider(bench, () => ({ state: 'succeeded', accepted: '0'.repeat(64), reason: null }));
    bench.clock.pass(60_000);
    const turning = outbox.turn();
    await turning;
    const states = bench.lines.filter((line) => line.includes('"event":"outcome"'));
    expect(states[0]).toContain('"outcome":"unknown"');
  });
});
