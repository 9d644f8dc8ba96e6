import { setTimeout as sleep } from 'node:timers/promises';
import type { Answered, ItemDelivery, StoredTask } from '../bridge/index.ts';
import { HardshellError } from '../contracts/index.ts';
import { carryOn, performWork, type Earlier, type WorkContext } from './perform-work.ts';
import { parseRecord } from './record.ts';
import { dueAgainMs, nextTask, type ScheduledTask } from './tasks.ts';

/** Why Zone 1 opened this session. `unknown`: it did not say, so both kinds of work are waited for. */
export const ORIGINS = ['item', 'instruction', 'standing', 'task', 'unknown'] as const;
export type Origin = (typeof ORIGINS)[number];

export interface SessionOptions extends WorkContext {
  readonly origin: Origin;
  /** Milliseconds of one long poll. */
  readonly pollMs?: number;
  /** Ends the session after the poll that is running. */
  readonly signal?: AbortSignal;
  /** One line for the log of the process; never content. */
  readonly say: (line: string) => void;
}

/** Polls that may come back empty before an item or task session with nothing to do ends. */
const EMPTY_POLLS_MAX = 2;
/** Records of finished work that are kept for the owner to read. */
const FINISHED_KEPT_MAX = 40;
/** Works of one session at the same time: each may wait minutes for a person. */
const WORKS_MAX = 5;

/**
 * One session: go on with what an earlier process left, then take work until there is none (item and task sessions) or
 * for ever (instruction and standing sessions). What has run is in Zone 1; this process may die at any point.
 */
export async function runSession(options: SessionOptions): Promise<void> {
  const { session } = await options.client.hello();
  options.say(`session ${session.slice(0, 8)} is open (${options.origin})`);
  const state: SessionState = { earlier: await readRecords(options), running: new Map(), failure: undefined };
  for (const [work, earlier] of state.earlier) {
    if (earlier.record.state === 'waiting') start(state, work, async () => void (await carryOn(options, earlier)));
  }
  const emptyMax = options.origin === 'item' || options.origin === 'task' ? EMPTY_POLLS_MAX : Number.POSITIVE_INFINITY;
  let empty = 0;
  while (options.signal?.aborted !== true && empty < emptyMax) {
    if (state.failure !== undefined) throw state.failure;
    const took = await takeWork(options, state);
    if (took === 'ended') break;
    empty = took === 'nothing' ? empty + 1 : 0;
  }
  if (options.signal?.aborted !== true) await Promise.all(state.running.values());
  if (state.failure !== undefined) throw state.failure;
}

interface SessionState {
  readonly earlier: Map<string, Earlier>;
  readonly running: Map<string, Promise<void>>;
  failure: unknown;
}

type Took = 'something' | 'nothing' | 'ended';

async function takeWork(options: SessionOptions, state: SessionState): Promise<Took> {
  if (state.running.size >= WORKS_MAX) {
    await Promise.race(state.running.values());
    return 'something';
  }
  const { untilMs, ran } = await runDue(options, state);
  if (ran) return 'something';
  const askedAt = performance.now();
  const waitMs = Math.max(0, Math.min(options.pollMs ?? 30_000, untilMs - options.nowMs()));
  const took = await poll(options, state, waitMs);
  // Zone 1 may answer "nothing" at once: then the next question waits a little.
  if (took === 'nothing' && performance.now() - askedAt < Math.min(waitMs, 1_000)) await sleep(1_000);
  return took;
}

async function poll(options: SessionOptions, state: SessionState, waitMs: number): Promise<Took> {
  switch (options.origin) {
    case 'item':
      return await takeItem(options, state, waitMs);
    case 'task':
      return 'nothing';
    case 'instruction':
    case 'standing':
      return await takeInstruction(options, state, waitMs);
    case 'unknown': {
      const both = await Promise.all([takeItem(options, state, waitMs), takeInstruction(options, state, waitMs)]);
      return both.includes('something') ? 'something' : 'nothing';
    }
    default:
      return options.origin satisfies never;
  }
}

async function takeItem(options: SessionOptions, state: SessionState, waitMs: number): Promise<Took> {
  const item = unlessRefused(await options.client.nextItem(waitMs));
  if (item === null) return 'nothing';
  const work = item.contentRef;
  const before = state.running.get(work);
  if (before === undefined && !state.earlier.has(work)) {
    await performWork(options, { kind: 'item', item }, { kind: 'note', work, task: null });
  } else {
    await before;
  }
  unlessRefused(await options.client.itemDone(work));
  if (options.origin !== 'item') return 'something';
  // The session's work is done when nothing further waits for it.
  const next = unlessRefused(await options.client.nextItem(0));
  return next === null ? 'ended' : 'something';
}

async function takeInstruction(options: SessionOptions, state: SessionState, waitMs: number): Promise<Took> {
  const instruction = unlessRefused(await options.client.nextInstruction(waitMs));
  if (instruction === null) return 'nothing';
  const items = await joinedItems(options);
  const { task } = instruction;
  const work = task ?? `at ${options.nowMs()}`;
  start(state, work, async () => {
    await performWork(options, { kind: 'instruction', instruction, items }, { kind: 'answer', work, task });
    for (const item of items) unlessRefused(await options.client.itemDone(item.contentRef));
    await forgetOld(options);
  });
  return 'something';
}

/** Messages that the owner joined to the instruction; a session that has none is answered at once. */
async function joinedItems(options: SessionOptions): Promise<readonly ItemDelivery[]> {
  const items: ItemDelivery[] = [];
  if (options.origin !== 'instruction') return items;
  while (items.length < 10) {
    const answer = await options.client.nextItem(0);
    const item = answer.kind === 'ok' ? answer.value : null;
    // Delivery is at least once: the same message again means that there is no other.
    if (item === null || items.some((known) => known.contentRef === item.contentRef)) break;
    items.push(item);
  }
  return items;
}

/** Runs the most urgent task that is due; says until when nothing is. */
async function runDue(options: SessionOptions, state: SessionState): Promise<{ untilMs: number; ran: boolean }> {
  if (options.origin === 'item') return { untilMs: Number.POSITIVE_INFINITY, ran: false };
  const next = nextTask(unlessRefused(await options.client.taskList()), options.nowMs());
  if (next.kind !== 'run')
    return { untilMs: next.kind === 'wait' ? next.untilMs : Number.POSITIVE_INFINITY, ran: false };
  await advance(options, next.task);
  const work = `${next.task.stored.task}@${next.task.dueMs}`;
  if (state.earlier.has(work) || state.running.has(work)) return { untilMs: 0, ran: true };
  const instruction = { text: next.task.text, task: null };
  start(state, work, async () => {
    await performWork(options, { kind: 'instruction', instruction, items: [] }, { kind: 'answer', work, task: null });
    await forgetOld(options);
  });
  return { untilMs: 0, ran: true };
}

/**
 * Moves a due task on before it runs: a crash in between loses one run of a read or a proposal and repeats none.
 */
async function advance(options: SessionOptions, { stored }: ScheduledTask): Promise<void> {
  const againMs = dueAgainMs(stored, options.nowMs());
  if (againMs === null || stored.cron === null) {
    unlessRefused(await options.client.taskDelete(stored.task));
    return;
  }
  const { task, priority, cron, data } = stored;
  unlessRefused(await options.client.taskPut({ task, priority, cron, data, due: new Date(againMs).toISOString() }));
}

async function readRecords(options: SessionOptions): Promise<Map<string, Earlier>> {
  const tasks = unlessRefused(await options.client.taskList());
  return new Map(recordsIn(tasks).map((earlier) => [earlier.record.work, earlier]));
}

function recordsIn(tasks: readonly StoredTask[]): readonly Earlier[] {
  return tasks.flatMap((stored) => {
    const record = parseRecord(stored);
    return record === null ? [] : [{ task: stored.task, record }];
  });
}

/** The oldest finished records make room: Zone 1 keeps a hundred tasks a session. */
async function forgetOld(options: SessionOptions): Promise<void> {
  const done = recordsIn(unlessRefused(await options.client.taskList())).filter(
    ({ record }) => record.state === 'done',
  );
  done.sort((a, b) => (a.record.at < b.record.at ? -1 : 1));
  for (const { task } of done.slice(0, Math.max(0, done.length - FINISHED_KEPT_MAX))) {
    unlessRefused(await options.client.taskDelete(task));
  }
}

/** Work that goes on beside the loop. Its failure ends the session at the next turn: nothing is swallowed. */
function start(state: SessionState, work: string, run: () => Promise<void>): void {
  const running = run()
    .catch((error: unknown) => {
      state.failure ??= error;
    })
    .finally(() => state.running.delete(work));
  state.running.set(work, running);
}

function unlessRefused<T>(answer: Answered<T>): T {
  if (answer.kind === 'ok') return answer.value;
  const fate = answer.error === 'overloaded' || answer.error === 'unavailable' ? 'retry' : 'refuse';
  throw new HardshellError('unavailable', `zone 1 refused: ${answer.error}`, { fate });
}
