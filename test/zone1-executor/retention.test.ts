import { describe, expect, test } from 'vitest';
import { sql } from '../../src/state/index.ts';
import { retireRecords } from '../../src/zone1-executor/retention.ts';
import { settle } from '../../src/zone1-executor/journal.ts';
import { accept, approve, askFor, itemSession, keyOf, ownSession, run, storeMessage } from '../support/line.ts';
import { deliver } from '../../src/zone1-executor/sessions.ts';
import { makeBench, type Bench } from '../support/station.ts';

const MAIL = { to: ['ann@example.org'], subject: 'Re', body: 'planted-words' };
const DAY = 86_400_000;

const retire = (bench: Bench): Promise<number> => bench.station.ledger.commit((tx) => retireRecords(bench.station, tx));
const rows = (bench: Bench, table: 'requests' | 'approvals' | 'grants' | 'payloads' | 'journal' | 'drafts'): number =>
  bench.db.all(sql.selectFrom(table).selectAll()).length;

async function sent(bench: Bench, state: 'succeeded' | 'unknown'): Promise<void> {
  const { session } = await itemSession(bench);
  const minted = accept(await approve(bench, await askFor(bench, session, MAIL)));
  accept(await run(bench, keyOf(bench), session, minted, MAIL));
  await bench.station.ledger.commit((tx) =>
    settle(bench.station, tx, minted.jti, state, state === 'succeeded' ? 'ok' : 'other'),
  );
}

describe('retention of what was asked and done', () => {
  test('an act that ended goes with its bytes after the retention, and not before', async () => {
    const bench = makeBench();
    await sent(bench, 'succeeded');
    bench.clock.pass(29 * DAY);
    expect(await retire(bench)).toBe(0);
    bench.clock.pass(2 * DAY);
    expect(await retire(bench)).toBe(1);
    for (const table of ['requests', 'approvals', 'grants', 'payloads', 'journal'] as const)
      expect([table, rows(bench, table)]).toEqual([table, 0]);
  });

  test('an act whose end is not known stays with all that belongs to it', async () => {
    const bench = makeBench();
    await sent(bench, 'unknown');
    bench.clock.pass(400 * DAY);
    expect(await retire(bench)).toBe(0);
    for (const table of ['requests', 'approvals', 'grants', 'payloads', 'journal'] as const)
      expect([table, rows(bench, table)]).toEqual([table, 1]);
  });

  test('drafts go, and a question that waits stays', async () => {
    const bench = makeBench();
    const own = await ownSession(bench);
    const drafted = accept(await askFor(bench, own, MAIL, 'draft_email'));
    if (drafted.kind !== 'allowed') throw new Error('drafts need no person');
    accept(await run(bench, keyOf(bench), own, drafted.minted, MAIL, 'draft_email'));
    accept(await askFor(bench, own, MAIL));
    bench.clock.pass(31 * DAY);
    await retire(bench);
    expect([rows(bench, 'drafts'), rows(bench, 'approvals'), rows(bench, 'payloads')]).toEqual([0, 1, 1]);
  });
});

test('a session that has read very much still puts a question that fits', async () => {
  const bench = makeBench();
  const { session } = await itemSession(bench, {
    subject: 'the one that is copied from',
    body: 'copied words of the first message',
  });
  for (let i = 0; i < 300; i++) {
    const kid = await storeMessage(bench, { subject: `m${i}` });
    await bench.station.ledger.commit((tx) => deliver(bench.station, tx, session.sid, kid, 'result'));
  }
  const asked = accept(await askFor(bench, session, { ...MAIL, body: 'He wrote: copied words of the first message' }));
  if (asked.kind !== 'pending') throw new Error('it is asked');
  const { sources, influence } = asked.approval.content;
  expect(sources).toHaveLength(201);
  expect(sources.at(-1)).toMatchObject({ channel: 'further-messages', subject: '101 further messages' });
  const [span] = influence['body'] ?? [];
  expect(sources[span?.source ?? -1]?.subject).toBe('the one that is copied from');
});
