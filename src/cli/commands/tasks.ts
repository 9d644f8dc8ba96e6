import type { ControlAnswers, ScheduledTask } from '../../contracts/index.ts';
import {
  escapeLine,
  escapeLines,
  frame,
  safeName,
  safeText,
  styled,
  toTerminal,
  type RenderedLine,
} from '../../control/index.ts';
import { tell, type Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { sayDuration } from '../output.ts';
import { provePresence } from '../presence.ts';
import { shortId } from './approvals-list.ts';

/** `hardshell tasks list`: what is scheduled in any talk, the next run first, and what came of the last one. */
export async function tasksList(context: Context): Promise<number> {
  const tasks = (await readTasks(context)).toSorted((a, b) => (a.next_ms ?? Infinity) - (b.next_ms ?? Infinity));
  tell(context, { tasks }, () => {
    if (tasks.length === 0)
      return ['nothing is scheduled; say it with `hardshell chat "every day at 9:00 list inbox"` (times are UTC)'];
    const lines = tasks.flatMap((task) => renderTask(task, Date.now()));
    return [
      toTerminal({ lines }, { colour: context.io.colour, width: context.io.columns }).trimEnd(),
      '',
      'hardshell tasks delete ID      never run it again',
    ];
  });
  return 0;
}

export interface TaskDelete {
  readonly id: string;
  readonly yes: boolean;
  readonly passphraseFd?: number | undefined;
}

/** `hardshell tasks delete ID`. */
export async function tasksDelete(options: TaskDelete, context: Context): Promise<number> {
  const { task, text } = await findTask(options.id, context);
  const request = { type: 'tasks_delete', task } as const;
  const presence = await provePresence(context, request, {
    ...options,
    question: `never again run ${shortId(task)}, \`${safeText(text).slice(0, 200)}\`?`,
  });
  if (presence === null) throw new Failure('not deleted; it stays scheduled');
  await context.control().ask({ ...request, presence });
  tell(context, { ok: true, task }, () => [`${shortId(task)} is deleted; it does not run again`]);
  return 0;
}

async function readTasks(context: Context): Promise<ScheduledTask[]> {
  const tasks: ScheduledTask[] = [];
  let after: string | null = null;
  do {
    const page: ControlAnswers['tasks_list'] = await context
      .control()
      .ask({ type: 'tasks_list', ...(after === null ? {} : { after }) });
    tasks.push(...page.tasks);
    after = page.next;
  } while (after !== null);
  return tasks;
}

/** The one task whose id begins with `given` (with or without `t_`). Throws a `Failure` when none or several do. */
async function findTask(given: string, context: Context): Promise<ScheduledTask> {
  const wanted = given.startsWith('t_') ? given : `t_${given}`;
  if (!/^t_[a-z2-7]{1,26}$/.test(wanted))
    throw new Failure(`\`${safeText(given)}\` is not the id of a task; see \`hardshell tasks list\``);
  const found = (await readTasks(context)).filter(({ task }) => task.startsWith(wanted));
  const [first] = found;
  if (first === undefined)
    throw new Failure(`no task begins with \`${wanted}\`; see \`hardshell tasks list\``, { code: 'not_found' });
  if (found.length > 1)
    throw new Failure(`${found.length} tasks begin with \`${wanted}\`; write more of it`, { code: 'ambiguous' });
  return first;
}

function renderTask(task: ScheduledTask, nowMs: number): RenderedLine[] {
  const next = task.next_ms === null ? 'never again' : `next in ${sayDuration(task.next_ms - nowMs)}`;
  const when = task.next_ms === null ? '' : `, ${new Date(task.next_ms).toISOString()}`;
  return [
    frame(
      styled('label', shortId(task.task)),
      `  ${next}${when}${task.cron === null ? '' : `, again and again: ${safeText(task.cron)}`}`,
      ...(task.priority === 0 ? [] : [`, priority ${task.priority}`]),
    ),
    ...(task.integrity === 'trusted'
      ? []
      : [frame(styled('warn', '  made under the influence of messages: the words may be theirs'))]),
    { kind: 'data', tag: 'does', segments: escapeLine(task.text) },
    ...renderLast(task.last, nowMs),
  ];
}

const STATES: Readonly<Record<NonNullable<ScheduledTask['last']>['state'], string>> = {
  working: 'still at it',
  answered: 'done',
  waiting: 'waits for your answer',
  failed: 'gave up',
};

function renderLast(last: ScheduledTask['last'], nowMs: number): RenderedLine[] {
  if (last === null) return [frame('  has not run yet')];
  return [
    frame(`  last run ${sayDuration(nowMs - last.at_ms)} ago: ${STATES[last.state]}`),
    ...(last.answer === null ? [] : escapeLines(last.answer)).map((segments): RenderedLine => ({
      kind: 'data',
      tag: 'says',
      segments,
    })),
    ...last.approvals.map((id) =>
      frame('  it wants to send something: hardshell approvals show ', safeName(shortId(id))),
    ),
  ];
}
