import { describe, expect, test } from 'vitest';
import { CONTROL_ANSWERS } from '../../src/contracts/index.ts';
import type { ControlDesk } from '../../src/zone1-executor/control-desk/desk.ts';
import { answerControl } from '../../src/zone1-executor/control-desk/index.ts';
import { openPresenceDesk } from '../../src/zone1-executor/presence-desk.ts';
import { openDueTasks, putTask } from '../../src/zone1-executor/tasks.ts';
import { accept, itemSession, ownSession } from '../support/line.ts';
import { makeBench, type Bench } from '../support/station.ts';

const never = new AbortController().signal;

function owner(bench: Bench): (frame: object) => Promise<unknown> {
  const { station } = bench;
  // Schedules need no more of the desk than this.
  const parts: unknown = { station, presence: openPresenceDesk(station, { terminalAllowed: true }) };
  return async (frame) => answerControl(parts as ControlDesk, { ...frame }, never);
}

const put = (bench: Bench, sid: string, more: Partial<Parameters<typeof putTask>[3]> = {}) =>
  bench.station.ledger.commit((tx) =>
    putTask(bench.station, tx, sid, {
      type: 'task_put',
      priority: 3,
      data: { kind: 'scheduled', text: 'list inbox' },
      ...more,
    }),
  );
const list = async (bench: Bench) => CONTROL_ANSWERS.tasks_list.parse(await owner(bench)({ type: 'tasks_list' }));
const terminal = { method: 'terminal' } as const;

describe('the owner', () => {
  test('sees what sessions that have ended have scheduled, and none of their notes', async () => {
    const bench = makeBench();
    const mine = await ownSession(bench);
    const { session } = await itemSession(bench);
    const hourly = accept(await put(bench, mine.sid, { cron: '0 * * * *' }));
    const once = accept(await put(bench, session.sid, { due: '2026-11-20T10:30:00Z' }));
    accept(await put(bench, mine.sid, { data: { kind: 'answer', text: 'a note' } }));
    const { tasks } = await list(bench);
    expect(tasks.map(({ task }) => task).toSorted()).toEqual([hourly, once].toSorted());
    expect(tasks.find(({ task }) => task === hourly)).toMatchObject({
      cron: '0 * * * *',
      next_ms: Date.parse('2026-11-20T11:00:00Z'),
      text: 'list inbox',
      integrity: 'trusted',
      last: null,
    });
    expect(tasks.find(({ task }) => task === once)).toMatchObject({ cron: null, integrity: 'untrusted' });
  });

  test('sees what came of the last run, also of a task that never comes again', async () => {
    const bench = makeBench();
    const { sid } = await ownSession(bench);
    const once = accept(await put(bench, sid, { due: '2026-11-20T10:00:01Z' }));
    bench.clock.pass(2_000);
    const [run] = await bench.station.ledger.commit((tx) => openDueTasks(bench.station, tx));
    const { sid: runSid } = run ?? { sid: '' };
    expect((await list(bench)).tasks).toMatchObject([
      { task: once, next_ms: null, last: { session: runSid, state: 'working', answer: null } },
    ]);
    accept(await put(bench, runSid, { data: { kind: 'answer', text: `3 items${'!'.repeat(2_000)}` } }));
    const [task] = (await list(bench)).tasks;
    expect(task?.last).toMatchObject({ state: 'answered', at_ms: bench.clock.wallMs() });
    expect(task?.last?.answer).toMatch(/^3 items!+$/);
    expect(task?.last?.answer).toHaveLength(1_000);
  });

  test('is not promised a run of what a scheduled run has scheduled', async () => {
    const bench = makeBench();
    const { sid } = await ownSession(bench);
    accept(await put(bench, sid, { due: '2026-11-20T09:00:00Z' }));
    const [run] = await bench.station.ledger.commit((tx) => openDueTasks(bench.station, tx));
    const inner = accept(await put(bench, run?.sid ?? '', { cron: '0 * * * *' }));
    expect((await list(bench)).tasks.find(({ task }) => task === inner)).toMatchObject({ next_ms: null });
  });

  test('deletes a task of any session, after which it never fires', async () => {
    const bench = makeBench();
    const { sid } = await ownSession(bench);
    const task = accept(await put(bench, sid, { cron: '0 * * * *' }));
    expect(await owner(bench)({ type: 'tasks_delete', task })).toMatchObject({ error: 'malformed' });
    const asked = { type: 'tasks_delete', task, presence: terminal };
    expect(await owner(bench)(asked)).toEqual({ type: 'tasks_delete', task });
    expect(await owner(bench)(asked)).toMatchObject({ error: 'not_found' });
    // Once on the record: neither the unproven frame nor the second one, which found nothing, is told as a deletion.
    expect(bench.lines.filter((line) => line.includes('"task_deleted"'))).toEqual([
      expect.stringContaining('"details":{"method":"terminal"}'),
    ]);
    bench.clock.pass(3_600_000);
    expect(await bench.station.ledger.commit((tx) => openDueTasks(bench.station, tx))).toEqual([]);
  });

  test('sees all of very many, in pages that fit a frame', async () => {
    const bench = makeBench();
    const data = { kind: 'scheduled', text: '\u0001'.repeat(800) };
    for (let session = 0; session < 2; session++) {
      const { sid } = await ownSession(bench);
      for (let i = 0; i < 50; i++) accept(await put(bench, sid, { cron: '0 9 * * 1', data }));
    }
    const first = await list(bench);
    expect(JSON.stringify(first).length).toBeLessThan(1_000_000);
    const second = CONTROL_ANSWERS.tasks_list.parse(await owner(bench)({ type: 'tasks_list', after: first.next }));
    expect(second.next).toBeNull();
    expect(new Set([...first.tasks, ...second.tasks].map(({ task }) => task)).size).toBe(100);
  });
});

test('a field that the control socket does not know is named', async () => {
  const bench = makeBench();
  expect(await owner(bench)({ type: 'tasks_list', limit: 3 })).toMatchObject({
    error: 'malformed',
    message: '`limit` is no field of `tasks_list`',
  });
  expect(await owner(bench)({ type: 'tasks_delete', task: 'x', presence: terminal })).toMatchObject({
    message: '`task` of `tasks_delete` is not what it must be',
  });
});
