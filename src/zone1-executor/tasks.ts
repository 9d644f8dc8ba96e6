import { Cron } from 'croner';
import { accepted, LIMITS, makeId, refused, type Label, type Outcome, type WireRequest } from '../contracts/index.ts';
import { sql, type Reader, type Tables, type Tx } from '../state/index.ts';
import type { Station } from './ports.ts';
import { findSession, openSession, type Session } from './sessions.ts';

type TaskPut = Extract<WireRequest, { type: 'task_put' }>;

/** Keeps a planner's note under its session and the session's label. A task of another session is `not_found`. */
export function putTask(station: Station, tx: Tx, sid: string, put: TaskPut): Outcome<string> {
  const session = findSession(tx, sid);
  if (session === undefined || !session.open) return refused('not_found', 'the session has ended');
  const data = JSON.stringify(put.data);
  if (Buffer.byteLength(data) > LIMITS.taskDataBytesMax.value) return refused('too_large', '`data` is too long');
  if (put.cron !== undefined && !isCron(put.cron)) {
    return refused('invalid_params', '`cron` is not a schedule that fires at most once a minute', {
      issues: [{ path: 'cron', message: 'must have five fields, such as `0 9 * * 1`' }],
    });
  }
  const values = {
    sid,
    priority: put.priority,
    due: put.due ?? null,
    cron: put.cron ?? null,
    data,
    label: JSON.stringify(session.label),
    at_ms: station.clock.wallMs(),
  };
  if (bytesOfOthers(tx, sid, put.task) + Buffer.byteLength(data) > LIMITS.answerBytesMax.value) {
    return refused('too_large', 'the tasks of this session together are too long; delete some');
  }
  if (put.task !== undefined) {
    const changed = tx.run(sql.updateTable('tasks').set(values).where('tid', '=', put.task).where('sid', '=', sid));
    return changed === 1 ? accepted(put.task) : refused('not_found', 'no such task in this session');
  }
  if (countTasks(tx, sid) >= LIMITS.tasksPerSessionMax.value) {
    return refused('rate_limited', 'this session keeps as many tasks as it may', { retry_after_ms: 60_000 });
  }
  const tid = makeId('t_', station.random);
  tx.run(sql.insertInto('tasks').values({ tid, ...values }));
  return accepted(tid);
}

/** INVARIANT: the tasks of a session fit one answer, so that it can always list what it has. */
function bytesOfOthers(reader: Reader, sid: string, tid: string | undefined): number {
  const held = sql
    .selectFrom('tasks')
    .select((eb) => eb.fn.sum<number | null>(eb.fn('length', [eb.cast<Uint8Array>('data', 'blob')])).as('bytes'))
    .where('sid', '=', sid)
    .where('tid', '!=', tid ?? '');
  return reader.get(held)?.bytes ?? 0;
}

function countTasks(reader: Reader, sid: string): number {
  const count = sql
    .selectFrom('tasks')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('sid', '=', sid);
  return reader.get(count)?.n ?? 0;
}

export function deleteTask(tx: Tx, sid: string, tid: string): Outcome<null> {
  const changed = tx.run(sql.deleteFrom('tasks').where('tid', '=', tid).where('sid', '=', sid));
  return changed === 1 ? accepted(null) : refused('not_found', 'no such task in this session');
}

export function listTasks(reader: Reader, sid: string): Tables['tasks'][] {
  return reader.all(
    sql.selectFrom('tasks').selectAll().where('sid', '=', sid).orderBy('priority', 'desc').orderBy('at_ms'),
  );
}

/** The wire form of a task. */
export function taskFrame(row: Tables['tasks']): object {
  return {
    task: row.tid,
    priority: row.priority,
    ...(row.due === null ? {} : { due: row.due }),
    ...(row.cron === null ? {} : { cron: row.cron }),
    data: JSON.parse(row.data) as unknown,
  };
}

/** Scheduled sessions that one turn may open; the rest waits for the next. */
const DUE_PER_TURN = 5;

/**
 * Opens a session for each task that is due, with the task's stored label: what a stranger's mail made the planner
 * schedule stays a stranger's. A task that has fired moves to its next time, or loses its `due`. At most `room` sessions.
 */
export function openDueTasks(station: Station, tx: Tx, room: number = DUE_PER_TURN): Session[] {
  const now = station.clock.wallMs();
  const due = tx
    .all(
      sql
        .selectFrom('tasks')
        .innerJoin('sessions', 'sessions.sid', 'tasks.sid')
        .select(['tasks.tid', 'tasks.due', 'tasks.cron', 'tasks.at_ms'])
        .where('sessions.origin', '!=', 'task')
        .where(({ or, eb }) => or([eb('tasks.due', 'is not', null), eb('tasks.cron', 'is not', null)])),
    )
    .filter((task) => fireTime(task) <= now);
  return due.slice(0, Math.min(DUE_PER_TURN, room)).flatMap(({ tid }) => {
    const task = tx.get(sql.selectFrom('tasks').selectAll().where('tid', '=', tid));
    if (task === undefined) return [];
    const session = openSession(station, tx, {
      zone: 'zone2-planner',
      origin: 'task',
      label: JSON.parse(task.label) as Label,
    });
    tx.run(
      sql
        .insertInto('instructions')
        .values({ sid: session.sid, seq: 1, text: taskText(task), at_ms: now, taken: 0, task: task.tid, answer: null }),
    );
    tx.run(
      sql
        .updateTable('tasks')
        .set({ due: nextDue(task, now), at_ms: now })
        .where('tid', '=', task.tid),
    );
    return [session];
  });
}

/** When a task comes next, in milliseconds; null for one that never does (again). */
export function nextFireMs(task: Pick<Tables['tasks'], 'due' | 'cron' | 'at_ms'>): number | null {
  const at = fireTime(task);
  return Number.isFinite(at) ? at : null;
}

/** A cron task without a `due` fires first at its next time after it was put. */
function fireTime(task: Pick<Tables['tasks'], 'due' | 'cron' | 'at_ms'>): number {
  if (task.due !== null) return Date.parse(task.due);
  return task.cron === null
    ? Number.POSITIVE_INFINITY
    : (nextCron(task.cron, task.at_ms)?.getTime() ?? Number.POSITIVE_INFINITY);
}

function nextDue(task: Tables['tasks'], now: number): string | null {
  return task.cron === null ? null : (nextCron(task.cron, now)?.toISOString() ?? null);
}

function nextCron(pattern: string, fromMs: number): Date | null {
  return new Cron(pattern, { paused: true, timezone: 'UTC' }).nextRun(new Date(fromMs));
}

function isCron(pattern: string): boolean {
  try {
    // Five fields: the sixth would be seconds.
    return pattern.trim().split(/\s+/).length === 5 && nextCron(pattern, Date.now()) !== null;
  } catch {
    return false;
  }
}

/** The words that a run of this task is instructed with. */
export function taskText(task: Pick<Tables['tasks'], 'data'>): string {
  const data = JSON.parse(task.data) as Record<string, unknown>;
  return typeof data['text'] === 'string'
    ? data['text'].slice(0, LIMITS.instructionCharsMax.value)
    : task.data.slice(0, LIMITS.instructionCharsMax.value);
}
