import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../src/contracts/index.ts';
import { sql } from '../../src/state/index.ts';
import { getContent, unhandled } from '../../src/zone1-executor/content-store.ts';
import { Notifier } from '../../src/zone1-executor/notifier.ts';
import { Planners, type StartPlanner } from '../../src/zone1-executor/planners.ts';
import { openSession } from '../../src/zone1-executor/sessions.ts';
import { putTask } from '../../src/zone1-executor/tasks.ts';
import { accept, askFor, ownSession, refusal, storeMessage } from '../support/line.ts';
import { makeBench, type Bench } from '../support/station.ts';

function plannersOf(bench: Bench, start: StartPlanner): Planners {
  return new Planners({ station: bench.station, start, notifier: new Notifier(), fault: () => undefined });
}
const nothing = async (): Promise<void> => undefined;
const stays: StartPlanner = async (session) => ({ name: `zone2-planner.${session.sid}`, stop: nothing, end: nothing });

async function schedule(bench: Bench, count: number): Promise<void> {
  const { sid } = await ownSession(bench);
  await bench.station.ledger.commit((tx) => {
    for (let i = 0; i < count; i++) {
      const put = { type: 'task_put', priority: 1, due: '2026-11-20T09:00:00Z', data: { text: 'x' } } as const;
      accept(putTask(bench.station, tx, sid, put));
    }
    tx.run(sql.updateTable('sessions').set({ state: 'closed' }).where('sid', '=', sid));
  });
}

describe('planners', () => {
  test('scheduled by a planner leave room for mail, and never pass the limit', async () => {
    const bench = makeBench();
    const planners = plannersOf(bench, stays);
    await schedule(bench, 100);
    for (let i = 0; i < 30; i++) await planners.turn();
    expect(planners.count).toBeLessThan(LIMITS.plannersMax.value);
    const tasks = planners.count;
    await storeMessage(bench);
    await planners.turn();
    expect(planners.count).toBe(tasks + 1);
    for (let i = 0; i < 40; i++) await storeMessage(bench);
    for (let i = 0; i < 5; i++) await planners.turn();
    expect(planners.count).toBe(LIMITS.plannersMax.value);
  });

  test('are given to the channels in turn: mail does not wait behind an export of chats', async () => {
    const bench = makeBench();
    for (let i = 0; i < 50; i++) {
      bench.clock.pass(1);
      await storeMessage(bench, { channel: 'telegram', from: `telegram:user:${i}` });
    }
    for (const from of ['ann@example.org', 'bob@example.org']) {
      bench.clock.pass(1);
      await storeMessage(bench, { from });
    }
    const { reader } = bench.station.ledger;
    const channels = unhandled(reader, 5).map((kid) => getContent(reader, kid)?.channel);
    expect(channels).toEqual(['email', 'telegram', 'email', 'telegram', 'telegram']);
    expect(unhandled(reader, 4).map((kid) => getContent(reader, kid)?.sender)).toEqual([
      'ann@example.org',
      '',
      'bob@example.org',
      '',
    ]);
  });

  test('that end before their start is told do not hold a place for ever', async () => {
    const bench = makeBench();
    const planners: Planners = plannersOf(bench, async (session) => {
      const name = `zone2-planner.${session.sid}`;
      await planners.ended(name, 'clean', session.sid);
      return { name, stop: nothing, end: nothing };
    });
    await storeMessage(bench);
    await planners.turn();
    expect(planners.count).toBe(0);
    expect(bench.db.get(sql.selectFrom('sessions').select('state'))).toEqual({ state: 'closed' });
  });
});

describe('a planner that never ends', () => {
  test('is ended after its time and makes room; the standing one stays', async () => {
    const bench = makeBench();
    const ended: string[] = [];
    const planners: Planners = plannersOf(bench, async (session, standing) => {
      const name = standing ? 'zone2-planner' : `zone2-planner.${session.sid}`;
      const end = async (): Promise<void> => {
        ended.push(name);
        await planners.ended(name, 'crashed', session.sid);
      };
      return { name, stop: nothing, end };
    });
    await planners.resume();
    await storeMessage(bench);
    await planners.turn();
    expect(planners.count).toBe(2);
    bench.clock.pass(LIMITS.plannerMsMax.value - 1);
    await planners.turn();
    expect(planners.count).toBe(2);
    bench.clock.pass(1);
    await planners.turn();
    expect(ended).toEqual([expect.stringMatching(/^zone2-planner\.s_/)]);
    expect(planners.count).toBe(1);
    expect(bench.db.all(sql.selectFrom('sessions').select('origin').where('state', '=', 'open'))).toEqual([
      { origin: 'standing' },
    ]);
  });
});

describe('the questions that are kept for the owner', () => {
  const asksOf = async (
    bench: Bench,
    origin: 'task' | 'standing' | 'instruction',
    count: number,
  ): Promise<string[]> => {
    const answers: string[] = [];
    for (let i = 0; i < count; i++) {
      const session = await bench.station.ledger.commit((tx) =>
        openSession(bench.station, tx, { zone: 'zone2-planner', origin }),
      );
      answers.push(refusal(await askFor(bench, session, { to: ['bob@example.net'], subject: `${i}`, body: 'b' })));
    }
    return answers;
  };

  test('are not spent by what a planner schedules or thinks up by itself', async () => {
    const bench = makeBench();
    for (const origin of ['task', 'standing'] as const) {
      const asked = await asksOf(bench, origin, 20);
      expect(asked.filter((answer) => answer === 'accepted').length).toBeLessThanOrEqual(3);
    }
    expect((await asksOf(bench, 'instruction', 5)).every((answer) => answer === 'accepted')).toBe(true);
  });

  test('serve the owner’s own words in the standing session', async () => {
    const bench = makeBench();
    const session = await bench.station.ledger.commit((tx) => {
      const opened = openSession(bench.station, tx, { zone: 'zone2-planner', origin: 'standing' });
      const words = {
        sid: opened.sid,
        seq: 1,
        text: 'write to Bob',
        at_ms: 1,
        taken: 0,
        task: null,
        answer: null,
      } as const;
      tx.run(sql.insertInto('instructions').values(words));
      return opened;
    });
    for (let i = 0; i < 5; i++)
      expect(refusal(await askFor(bench, session, { to: ['bob@example.net'], subject: `${i}`, body: 'b' }))).toBe(
        'accepted',
      );
  });
});
