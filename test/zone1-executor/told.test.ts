import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { sql } from '../../src/state/index.ts';
import type { ControlDesk } from '../../src/zone1-executor/control-desk/desk.ts';
import { showInbox } from '../../src/zone1-executor/control-desk/inbox.ts';
import { readInstruction } from '../../src/zone1-executor/control-desk/instruction.ts';
import { openSession } from '../../src/zone1-executor/sessions.ts';
import { putTask } from '../../src/zone1-executor/tasks.ts';
import { accept, itemSession } from '../support/line.ts';
import { makeBench, type Bench } from '../support/station.ts';

/** What a planner keeps, as `zone2-planner` writes it. */
const keep = async (bench: Bench, sid: string, data: object): Promise<string> =>
  accept(
    await bench.station.ledger.commit((tx) =>
      putTask(bench.station, tx, sid, { type: 'task_put', priority: 3, data } as Parameters<typeof putTask>[3]),
    ),
  );

const say = (bench: Bench, sid: string, seq: number, text: string): Promise<void> =>
  bench.station.ledger.commit((tx) => {
    const at_ms = bench.station.clock.wallMs();
    tx.run(sql.insertInto('instructions').values({ sid, seq, text, at_ms, taken: 1, task: null, answer: null }));
  });

const answerTo = (bench: Bench, instruction: string, text: string, steps: object[] = []): object => {
  const digest = createHash('sha256').update(instruction, 'utf8').digest('hex').slice(0, 32);
  const at = new Date(bench.station.clock.wallMs()).toISOString();
  return { kind: 'answer', work: `${digest}@1.0`, text, steps, at };
};

const open = async (bench: Bench, origin: 'standing' | 'instruction') =>
  (await bench.station.ledger.commit((tx) => openSession(bench.station, tx, { zone: 'zone2-planner', origin }))).sid;

describe('what the owner is told', () => {
  test('the answer of a standing talk is the one to what was said last, also when the same is said again', async () => {
    const bench = makeBench();
    const sid = await open(bench, 'standing');
    const status = () => readInstruction(bench.station.ledger.reader, sid);
    await say(bench, sid, 1, 'tasks');
    expect(status()).toMatchObject({ state: 'working', answer: null });
    await keep(bench, sid, answerTo(bench, 'tasks', 'none'));
    expect(status()).toMatchObject({ state: 'answered', answer: 'none' });
    bench.clock.pass(1_000);
    await say(bench, sid, 2, 'list inbox');
    expect(status()).toMatchObject({ state: 'working', answer: null });
    await keep(bench, sid, answerTo(bench, 'list inbox', 'seven'));
    expect(status()).toMatchObject({ state: 'answered', answer: 'seven' });
    bench.clock.pass(1_000);
    await say(bench, sid, 3, 'tasks');
    expect(status()).toMatchObject({ state: 'working', answer: null });
    await keep(bench, sid, answerTo(bench, 'tasks', 'one'));
    expect(status()).toMatchObject({ state: 'answered', answer: 'one' });
  });

  test('a plan counts as answered once its questions have been put or refused, and not before', async () => {
    const bench = makeBench();
    const sid = await open(bench, 'instruction');
    const status = () => readInstruction(bench.station.ledger.reader, sid);
    await say(bench, sid, 1, 'send it');
    await keep(bench, sid, answerTo(bench, 'send it', 'It waits for you.', [{ state: 'planned' }]));
    expect(status().state).toBe('working');
    bench.clock.pass(10);
    await keep(bench, sid, answerTo(bench, 'send it', 'It was refused.', [{ state: 'refused' }]));
    expect(status()).toMatchObject({ state: 'answered', answer: 'It was refused.' });
  });

  test('the note of a message is shown beside it; other notes of its session are not', async () => {
    const bench = makeBench();
    const { session, ref, kid } = await itemSession(bench);
    const desk = { station: bench.station } as unknown as ControlDesk;
    const summary = () => showInbox(desk, { type: 'inbox_show', item: kid }).item.summary;
    await keep(bench, session.sid, { kind: 'scheduled', text: 'look again' });
    expect(summary()).toBeNull();
    await keep(bench, session.sid, { kind: 'note', work: ref, text: 'Ann asks about Friday.' });
    expect(summary()).toBe('Ann asks about Friday.');
  });
});
