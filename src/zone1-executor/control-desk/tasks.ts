import type { ControlAnswers, ControlRequest, Label, ScheduledTask } from '../../contracts/index.ts';
import { sql, type Reader } from '../../state/index.ts';
import { nextFireMs, taskText } from '../tasks.ts';
import { orTakeBack, StepRefused, type ControlDesk } from './desk.ts';
import { readInstruction } from './instruction.ts';

type Request<T extends ControlRequest['type']> = Extract<ControlRequest, { type: T }>;

/** Tasks of one answer: with the longest texts and answers that are told, they still fit one frame. */
const PAGE = 80;
const TEXT_CHARS = 500;
const ANSWER_CHARS = 1_000;

/** What is scheduled or has run, of all sessions: a task outlives the talk that made it, so the owner sees it here. */
export function listScheduled(desk: ControlDesk, { after }: Request<'tasks_list'>): ControlAnswers['tasks_list'] {
  const { reader } = desk.station.ledger;
  const rows = reader.all(
    sql
      .selectFrom('tasks')
      .innerJoin('sessions', 'sessions.sid', 'tasks.sid')
      .selectAll('tasks')
      .select('sessions.origin')
      .where(({ or, eb, exists, selectFrom }) =>
        or([
          eb('tasks.due', 'is not', null),
          eb('tasks.cron', 'is not', null),
          exists(selectFrom('instructions').select('sid').whereRef('instructions.task', '=', 'tasks.tid')),
        ]),
      )
      .where('tasks.tid', '>', after ?? '')
      .orderBy('tasks.tid')
      .limit(PAGE + 1),
  );
  const tasks = rows.slice(0, PAGE).map((row): ScheduledTask => {
    const label = JSON.parse(row.label) as Label;
    return {
      task: row.tid,
      session: row.sid,
      // What a scheduled run schedules never runs.
      next_ms: row.origin === 'task' ? null : nextFireMs(row),
      cron: row.cron,
      priority: row.priority,
      text: taskText(row).slice(0, TEXT_CHARS),
      integrity: label.integrity,
      last: lastRun(reader, row.tid),
    };
  });
  return { type: 'tasks_list', tasks, next: rows.length > PAGE ? (tasks.at(-1)?.task ?? null) : null };
}

/** The newest session that this task has opened, and what its planner said. */
function lastRun(reader: Reader, tid: string): ScheduledTask['last'] {
  const run = reader.get(
    sql
      .selectFrom('instructions')
      .innerJoin('sessions', 'sessions.sid', 'instructions.sid')
      .select(['instructions.sid', 'instructions.at_ms'])
      .where('instructions.task', '=', tid)
      .where('sessions.origin', '=', 'task')
      .orderBy('instructions.at_ms', 'desc')
      .limit(1),
  );
  if (run === undefined) return null;
  const { state, answer, approvals } = readInstruction(reader, run.sid);
  return { session: run.sid, at_ms: run.at_ms, state, answer: answer?.slice(0, ANSWER_CHARS) ?? null, approvals };
}

/** The owner ends what any session has scheduled. A run that is under way goes on; what it asks for is answered apart. */
export async function deleteScheduled(
  desk: ControlDesk,
  request: Request<'tasks_delete'>,
): Promise<ControlAnswers['tasks_delete']> {
  const method = orTakeBack(desk.presence.check(request));
  await desk.station.ledger.commit((tx) => {
    if (tx.run(sql.deleteFrom('tasks').where('tid', '=', request.task)) !== 1)
      throw new StepRefused({ error: 'not_found', message: 'no such task; see `hardshell tasks list`' });
    const subject = desk.station.subjectHash(request.task);
    tx.record({ event: 'task_deleted', zone: 'control', subject, details: { method } });
  });
  return { type: 'tasks_delete', task: request.task };
}
