import { Cron } from 'croner';
import type { StoredTask } from '../bridge/index.ts';

/** A task that says what to do at a time: an instruction of the owner, kept until it is due. */
export interface ScheduledTask {
  readonly stored: StoredTask;
  readonly text: string;
  readonly dueMs: number;
}

export type Next =
  | { readonly kind: 'run'; readonly task: ScheduledTask }
  | { readonly kind: 'wait'; readonly untilMs: number }
  | { readonly kind: 'idle' };

/**
 * What to do next: of the tasks that are due the one of highest priority, then the longest due, then by id.
 * Pure: read again after a restart it says the same.
 */
export function nextTask(tasks: readonly StoredTask[], nowMs: number): Next {
  const scheduled = tasks.map(asScheduled).filter((task) => task !== null);
  const due = scheduled.filter((task) => task.dueMs <= nowMs).sort(byUrgency);
  const [first] = due;
  if (first !== undefined) return { kind: 'run', task: first };
  const untilMs = Math.min(...scheduled.map((task) => task.dueMs));
  return Number.isFinite(untilMs) ? { kind: 'wait', untilMs } : { kind: 'idle' };
}

/** When a repeating task is due again after `nowMs`: runs missed while nobody was there are one run. Null: not again. */
export function dueAgainMs(task: StoredTask, nowMs: number): number | null {
  return task.cron === null ? null : nextCronMs(task.cron, nowMs);
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

/** Data of a scheduled task. */
export function scheduledData(text: string): { kind: 'scheduled'; text: string } {
  return { kind: 'scheduled', text };
}

function asScheduled(stored: StoredTask): ScheduledTask | null {
  const { kind, text } = stored.data;
  if (kind !== 'scheduled' || typeof text !== 'string') return null;
  const dueMs = stored.due === null ? Number.NaN : Date.parse(stored.due);
  // A task without a readable time is due now: it is run once and dealt with, never forgotten.
  return { stored, text, dueMs: Number.isNaN(dueMs) ? 0 : dueMs };
}

function byUrgency(a: ScheduledTask, b: ScheduledTask): number {
  return b.stored.priority - a.stored.priority || a.dueMs - b.dueMs || (a.stored.task < b.stored.task ? -1 : 1);
}
