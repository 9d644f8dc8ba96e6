import { describe, expect, test } from 'vitest';
import { sql } from '../../src/state/index.ts';
import { deleteTask, listTasks, openDueTasks, putTask } from '../../src/zone1-executor/tasks.ts';
import { accept, fresh, itemSession, ownSession, refusal } from '../support/line.ts';
import { makeBench, type Bench } from '../support/station.ts';

const put = (bench: Bench, sid: string, more: Partial<Parameters<typeof putTask>[3]> = {}) =>
  bench.station.ledger.commit((tx) =>
    putTask(bench.station, tx, sid, {
      type: 'task_put',
      priority: 3,
      data: { text: 'look again' },
      ...more,
    }),
  );
const due = (bench: Bench) => bench.station.ledger.commit((tx) => openDueTasks(bench.station, tx));

describe('tasks', () => {
  test('are kept for a session over a restart, by priority', async () => {
    const bench = makeBench();
    const { sid } = await ownSession(bench);
    accept(await put(bench, sid, { priority: 1 }));
    accept(await put(bench, sid, { priority: 9 }));
    expect(listTasks(bench.restart().station.ledger.reader, sid).map((task) => task.priority)).toEqual([9, 1]);
  });

  test('of another session are not found; one’s own are', async () => {
    const bench = makeBench();
    const mine = await ownSession(bench);
    const other = await ownSession(bench);
    const tid = accept(await put(bench, mine.sid));
    expect(refusal(await put(bench, other.sid, { task: tid }))).toBe('not_found');
    expect(refusal(await bench.station.ledger.commit((tx) => deleteTask(tx, other.sid, tid)))).toBe('not_found');
    expect(refusal(await bench.station.ledger.commit((tx) => deleteTask(tx, mine.sid, tid)))).toBe('accepted');
  });

  test('are bounded in size, number and frequency', async () => {
    const bench = makeBench();
    const { sid } = await ownSession(bench);
    expect(refusal(await put(bench, sid, { data: { text: 'x'.repeat(70_000) } }))).toBe('too_large');
    for (const cron of ['* * * * * *', 'whenever', '@reboot', '99 * * * *'])
      expect(refusal(await put(bench, sid, { cron }))).toBe('invalid_params');
    expect(refusal(await put(bench, sid, { cron: '0 9 * * 1' }))).toBe('accepted');
    for (let i = 1; i < 100; i++) accept(await put(bench, sid));
    expect(refusal(await put(bench, sid))).toBe('rate_limited');
  });

  test('of one session together fit one answer, and what fits can be changed', async () => {
    const bench = makeBench();
    const { sid } = await ownSession(bench);
    const data = { text: 'é'.repeat(30_000) };
    const tid = accept(await put(bench, sid, { data }));
    const answers: string[] = [];
    for (let i = 0; i < 30; i++) answers.push(refusal(await put(bench, sid, { data })));
    expect(answers.filter((answer) => answer === 'accepted')).toHaveLength(14);
    expect(answers.at(-1)).toBe('too_large');
    expect(refusal(await put(bench, sid, { task: tid, data }))).toBe('accepted');
    expect(refusal(await put(bench, await ownSession(bench).then((own) => own.sid), { data }))).toBe('accepted');
  });

  test('that are due open a session with the label of the one that made them', async () => {
    const bench = makeBench();
    const { session } = await itemSession(bench);
    accept(await put(bench, session.sid, { due: '2026-11-20T10:00:10Z' }));
    expect(await due(bench)).toEqual([]);
    bench.clock.pass(11_000);
    const [opened] = await due(bench);
    if (opened === undefined) throw new Error('nothing opened');
    expect(opened.origin).toBe('task');
    expect(fresh(bench, opened.sid).label).toEqual(fresh(bench, session.sid).label);
    expect(bench.db.get(sql.selectFrom('instructions').select('text').where('sid', '=', opened.sid))).toEqual({
      text: 'look again',
    });
    expect(await due(bench)).toEqual([]);
  });

  test('with a schedule come back at their next time, and not before', async () => {
    const bench = makeBench();
    const { sid } = await ownSession(bench);
    accept(await put(bench, sid, { cron: '0 * * * *' }));
    expect(await due(bench)).toEqual([]);
    bench.clock.pass(3_600_000);
    expect(await due(bench)).toHaveLength(1);
    expect(await due(bench)).toEqual([]);
    bench.clock.pass(3_600_000);
    expect(await due(bench)).toHaveLength(1);
  });

  test('a scheduled session cannot schedule further ones by itself', async () => {
    const bench = makeBench();
    const { sid } = await ownSession(bench);
    accept(await put(bench, sid, { due: '2026-11-20T09:00:00Z' }));
    const [opened] = await due(bench);
    accept(await put(bench, opened?.sid ?? '', { due: '2026-11-20T09:00:00Z' }));
    expect(await due(bench)).toEqual([]);
  });
});
