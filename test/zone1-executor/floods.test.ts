import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/contracts/index.ts';
import { sql } from '../../src/state/index.ts';
import { Notifier } from '../../src/zone1-executor/notifier.ts';
import { Patience } from '../../src/zone1-executor/patience.ts';
import { TokenTable } from '../../src/zone1-executor/tokens.ts';
import type { ZoneDesk } from '../../src/zone1-executor/zone-desk.ts';
import { answerZone } from '../../src/zone1-executor/zone-service.ts';
import { approve, accept, askFor, itemSession, keyOf, ownSession } from '../support/line.ts';
import { makeBench, type Bench } from '../support/station.ts';

type Frame = Readonly<Record<string, unknown>>;
const never = new AbortController().signal;

function deskOf(bench: Bench): ZoneDesk {
  return {
    station: bench.station,
    key: keyOf(bench),
    tokens: new TokenTable(),
    notifier: new Notifier(),
    patience: new Patience(bench.station),
  };
}

const say = (desk: ZoneDesk, sid: string, frame: Frame): Promise<Frame> =>
  answerZone(desk, sid, frame, never) as Promise<Frame>;
const askTo = (params: Json, action = 'send_email'): Frame => ({ type: 'capability_request', action, params });
/** Forbidden by the default policy: a blind copy on behalf of a message. */
const FORBIDDEN = { to: ['ann@example.org'], bcc: ['eve@example.com'], subject: 's', body: 'b'.repeat(100_000) };

function stored(bench: Bench): number {
  const rows = bench.db.all(sql.selectFrom('requests').selectAll());
  return rows.reduce((sum, row) => sum + JSON.stringify(row).length, 0) + bench.lines.join('\n').length;
}

describe('a zone that asks what it may not', () => {
  test('cannot fill the disk with refusals, and may ask again after a wait', async () => {
    const bench = makeBench();
    const desk = deskOf(bench);
    const { session } = await itemSession(bench);
    for (let i = 0; i < 300; i++) await say(desk, session.sid, askTo(FORBIDDEN));
    const before = stored(bench);
    expect(before).toBeLessThan(1_000_000);
    for (let i = 0; i < 1_000; i++) await say(desk, session.sid, askTo(FORBIDDEN));
    expect(stored(bench)).toBe(before);
    expect(await say(desk, session.sid, askTo(FORBIDDEN))).toMatchObject({ error: 'rate_limited' });
    bench.clock.pass(60_000);
    expect(await say(desk, session.sid, askTo(FORBIDDEN))).toMatchObject({ error: 'policy_denied' });
  });

  test('spends its own patience only; what is accepted spends none', async () => {
    const bench = makeBench();
    const desk = deskOf(bench);
    const bad = await itemSession(bench);
    const good = await itemSession(bench, { from: 'bob@example.net' });
    for (let i = 0; i < 300; i++) await say(desk, bad.session.sid, askTo(FORBIDDEN));
    for (let i = 0; i < 100; i++)
      expect(await say(desk, good.session.sid, askTo({ limit: 1 }, 'read_email'))).toMatchObject({
        decision: 'allowed',
      });
    expect(await say(desk, good.session.sid, askTo(FORBIDDEN))).toMatchObject({ error: 'policy_denied' });
  });

  test('one used token shown again and again, an item done again and again, do not grow the log', async () => {
    const bench = makeBench();
    const desk = deskOf(bench);
    const { session, ref } = await itemSession(bench);
    const { token } = await say(desk, session.sid, askTo({ limit: 1 }, 'read_email'));
    const execute = { type: 'execute', token, action: 'read_email', params: { limit: 1 } };
    expect(await say(desk, session.sid, execute)).toMatchObject({ ok: true });
    expect(await say(desk, session.sid, execute)).toMatchObject({ error: 'token_used' });
    for (let i = 0; i < 2_000; i++) await say(desk, session.sid, execute);
    for (let i = 0; i < 2_000; i++)
      expect(await say(desk, session.sid, { type: 'item_done', content_ref: ref })).toMatchObject({
        type: 'item_done',
      });
    expect(bench.lines.length).toBeLessThan(150);
  });
});

describe('an approval whose token is not signed yet', () => {
  test('is pending for the zone that polls, never expired', async () => {
    const bench = makeBench();
    const desk = deskOf(bench);
    const own = await ownSession(bench);
    const asked = await askFor(bench, own, { to: ['bob@example.net'], subject: 's', body: 'b' });
    accept(await approve(bench, asked));
    const poll = { type: 'approval_status', request_id: accept(asked).rid };
    expect(await say(desk, own.sid, poll)).toEqual({ type: 'approval_status', status: 'pending' });
    bench.clock.pass(300_000);
    expect(await say(desk, own.sid, poll)).toEqual({ type: 'approval_status', status: 'expired' });
  });
});
