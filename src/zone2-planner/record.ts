import * as z from 'zod';
import type { CapabilityClient, Params, StoredTask } from '../bridge/index.ts';
import { HardshellError, LIMITS, type TaskId } from '../contracts/index.ts';
import { isFinal, STEP_STATES, type Progress, type StepState } from './carry-out.ts';
import { CATEGORIES, type Plan, type Proposal } from './work.ts';

const stepSchema = z.strictObject({
  action: z.string(),
  /** Absent once the step has ended: only its fate is kept. */
  params: z.record(z.string(), z.json()).optional(),
  rationale: z.string(),
  state: z.enum(STEP_STATES),
  request: z.string().nullable(),
  reason: z.string().nullable(),
});
export type Step = Readonly<Omit<z.infer<typeof stepSchema>, 'params'>> & { readonly params?: Params };

const recordSchema = z.strictObject({
  /** `note` on an item; `instruction` that was taken and not yet thought about (`text` is the owner's); `answer` to it. */
  kind: z.enum(['note', 'instruction', 'answer']),
  /** The content reference, task or scheduled run that this is about. */
  work: z.string(),
  text: z.string(),
  engine: z.enum(['rules', 'model']),
  category: z.enum(CATEGORIES).nullable(),
  /** `waiting`: something is still to be done. */
  state: z.enum(['waiting', 'done']),
  steps: z.array(stepSchema),
  at: z.string(),
});
export type WorkRecord = Readonly<Omit<z.infer<typeof recordSchema>, 'steps'>> & { readonly steps: readonly Step[] };

/** The record in a task's data, or null for data of another kind. */
export function parseRecord(task: StoredTask): WorkRecord | null {
  const parsed = recordSchema.safeParse(task.data);
  if (!parsed.success) return null;
  const steps = parsed.data.steps.map(({ params, ...step }) => (params === undefined ? step : { ...step, params }));
  return { ...parsed.data, steps };
}

/** The record that keeps an instruction from being lost: Zone 1 hands each over once. */
export function recordOfInstruction(text: string, about: { work: string; at: string }): WorkRecord {
  return { kind: 'instruction', ...about, text, engine: 'rules', category: null, state: 'waiting', steps: [] };
}

export function recordOfPlan(plan: Plan, about: { kind: WorkRecord['kind']; work: string; at: string }): WorkRecord {
  const steps = plan.proposals.map((proposal): Step => ({
    ...proposal,
    state: 'planned',
    request: null,
    reason: null,
  }));
  return {
    ...about,
    text: plan.text.slice(0, 16_000),
    engine: plan.engine,
    category: plan.category,
    state: steps.length === 0 ? 'done' : 'waiting',
    steps,
  };
}

/** The record after a step moved on; how a step ended is told to the owner at the end of the text. */
export function withProgress(record: WorkRecord, index: number, progress: Progress): WorkRecord {
  const steps = record.steps.map((step, at) => (at === index ? moved(step, progress) : step));
  const text = isFinal(progress.state) ? `${record.text}\n${endOf(progress)}` : record.text;
  return { ...record, text, steps, state: steps.every((step) => isFinal(step.state)) ? 'done' : 'waiting' };
}

/** Steps whose question went without an answer: the owner may put it again, and then it goes on. */
export function unanswered(record: WorkRecord): readonly { readonly index: number; readonly request: string }[] {
  return record.steps.flatMap(({ state, request, params }, index) =>
    UNANSWERED.has(state) && request !== null && params !== undefined ? [{ index, request }] : [],
  );
}

/** The proposal of a step that has not ended; null when its parameters are no longer kept. */
export function proposalOf(step: Step): Proposal | null {
  return step.params === undefined ? null : { action: step.action, params: step.params, rationale: step.rationale };
}

/** What a record is kept under: the task, once Zone 1 gave one, and its priority. */
export interface Place {
  readonly task: TaskId | null;
  /** 0 (last) to 9 (first). */
  readonly priority: number;
}

/**
 * Keeps `record` in Zone 1 and returns the task it is kept under: the one in `place`, or a new one where that is none
 * of this session's. Throws `too_large` for a record that no task may hold, `unavailable` when Zone 1 will not keep it.
 */
export async function keepRecord(
  client: CapabilityClient,
  record: WorkRecord,
  { task, priority }: Place,
): Promise<TaskId> {
  const data: Params = recordData(record);
  if (Buffer.byteLength(JSON.stringify(data)) > LIMITS.taskDataBytesMax.value) {
    throw new HardshellError('too_large', 'the plan is longer than a task may hold', { fate: 'refuse' });
  }
  if (task !== null) {
    const put = await client.taskPut({ task, priority, data });
    if (put.kind === 'ok') return put.value;
    // A scheduled run is told the task of the session that made it, which is not ours to write.
    if (put.error !== 'not_found') throw notKept(put.error);
  }
  const put = await client.taskPut({ priority, data });
  if (put.kind === 'ok') return put.value;
  throw notKept(put.error);
}

function recordData(record: WorkRecord): Params {
  return { ...record, steps: record.steps.map((step) => ({ ...step })) };
}

const UNANSWERED: ReadonlySet<StepState> = new Set(['expired', 'cancelled']);

function moved(step: Step, progress: Progress): Step {
  const { params, ...rest } = step;
  const over = isFinal(progress.state) && !UNANSWERED.has(progress.state);
  const kept = over || params === undefined ? {} : { params };
  return { ...rest, ...kept, ...progress };
}

function endOf({ state, reason }: Progress): string {
  switch (state) {
    case 'done':
      return 'The mail was sent.';
    case 'denied':
      return 'You denied the mail; it was not sent.';
    case 'expired':
      return 'Nobody answered in time, so the mail was not sent; `approvals reopen` puts the question again.';
    case 'cancelled':
      return 'The question was taken back; the mail was not sent.';
    case 'failed':
      return 'The mail could not be sent.';
    case 'unknown':
      return 'Whether the mail was sent is not known.';
    default:
      return `The mail was refused${reason === null ? '' : ` (${reason})`}.`;
  }
}

function notKept(error: string): HardshellError {
  return new HardshellError('unavailable', `zone 1 did not keep the plan: ${error}`, { fate: 'retry' });
}
