import { Cron } from 'croner';
import type { StoredTask } from '../bridge/index.ts';
import type { Earlier } from './perform-work.ts';
import { parseRecord } from './record.ts';

/** Priorities of the queue, 0 (last) to 9 (first). */
export const PRIORITY = { urgent: 8, instruction: 5, item: 3, low: 1 } as const;

/**
 * What to do next: of the work that waits and does not run, the one of highest priority, then the oldest, then by id.
 * Pure: read again after a restart it says the same.
 */
export function nextWork(queue: Iterable<Earlier>, running: ReadonlySet<string>): Earlier | null {
  const waiting = [...queue].filter(({ record }) => record.state === 'waiting' && !running.has(record.work));
  return waiting.sort(byUrgency)[0] ?? null;
}

/** The records of this session's work among its tasks. */
export function queueIn(tasks: readonly StoredTask[]): readonly Earlier[] {
  return tasks.flatMap((stored) => {
    const record = parseRecord(stored);
    return record === null ? [] : [{ task: stored.task, priority: stored.priority, record }];
  });
}

/** Finished records beyond the newest `keep`, and scheduled tasks that have fired for the last time. */
export function spentTasks(tasks: readonly StoredTask[], keep: number): readonly StoredTask['task'][] {
  const done = queueIn(tasks).filter(({ record }) => record.state === 'done');
  done.sort((a, b) => (a.record.at < b.record.at ? 1 : -1));
  const fired = tasks.filter((task) => task.data['kind'] === 'scheduled' && task.due === null && task.cron === null);
  return [...done.slice(keep), ...fired].map(({ task }) => task);
}

/** Priority that the owner's first word gives, and the text without it. */
export function priorityOf(text: string): { priority: number; text: string } {
  const found = /^\s*(urgent|low)\s*:\s*(.*)$/is.exec(text);
  if (found === null) return { priority: PRIORITY.instruction, text };
  return { priority: found[1]?.toLowerCase() === 'urgent' ? PRIORITY.urgent : PRIORITY.low, text: found[2] ?? '' };
}

/** First instant after `afterMs` that `cron` (five fields, UTC) names; null when it names none or is not one. */
export function nextCronMs(cron: string, afterMs: number): number | null {
  if (cron.trim().split(/\s+/).length !== 5) return null;
  try {
    const job = new Cron(cron, { paused: true, timezone: 'UTC' });
    return job.nextRun(new Date(afterMs))?.getTime() ?? null;
  } catch {
    // Croner throws for what is not a pattern: to the caller that is a pattern that never comes.
    return null;
  }
}

/** Data of a scheduled task. Zone 1 opens a session of its own for each run, with the label that the task has. */
export function scheduledData(text: string): { kind: 'scheduled'; text: string } {
  return { kind: 'scheduled', text };
}

function byUrgency(a: Earlier, b: Earlier): number {
  if (a.priority !== b.priority) return b.priority - a.priority;
  if (a.record.at !== b.record.at) return a.record.at < b.record.at ? -1 : 1;
  return a.task < b.task ? -1 : 1;
}
