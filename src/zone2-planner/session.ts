import { setTimeout as sleep } from 'node:timers/promises';
import { HardshellError } from '../contracts/index.ts';
import { carryOn, performWork, type Earlier, type WorkContext } from './perform-work.ts';
import { unanswered, withProgress } from './record.ts';
import { nextWork, queueIn, spentTasks } from './tasks.ts';
import { joinedItems, nameOf, takeWork, unlessRefused, type EitherPoll } from './take-work.ts';

/** Why Zone 1 opened this session. `unknown`: it did not say, so the first work tells. */
export const ORIGINS = ['item', 'instruction', 'standing', 'task', 'unknown'] as const;
export type Origin = (typeof ORIGINS)[number];

export interface SessionOptions extends WorkContext {
  readonly origin: Origin;
  /** Milliseconds of one long poll. Default 30 000. */
  readonly pollMs?: number;
  /** One line for the log of the process; never content. */
  readonly say: (line: string) => void;
}

export interface SessionState {
  origin: Origin;
  /** Work by its name, as it is kept in Zone 1. */
  readonly queue: Map<string, Earlier>;
  readonly running: Map<string, Promise<void>>;
  readonly either: EitherPoll;
  /** Instructions that an earlier process took: Zone 1 may hand them over again at the start. */
  readonly known: string[];
  failure: unknown;
}

/** Records of finished work that are kept for the owner to read. */
const FINISHED_KEPT_MAX = 40;
/** Works of one session at the same time: each may wait minutes for a person. */
const WORKS_MAX = 5;

/**
 * One session: go on with what an earlier process left, then take work until there is none (item, instruction and task
 * sessions) or for ever (the standing session). What was begun is in Zone 1: this process may die at any point.
 */
export async function runSession(options: SessionOptions): Promise<void> {
  const { session } = await options.client.hello();
  options.say(`session ${session.slice(0, 8)} is open (${options.origin})`);
  const state = await openState(options);
  const waitMs = options.pollMs ?? 30_000;
  for (;;) {
    startWaiting(options, state);
    if (state.failure !== undefined) throw state.failure;
    const askedAt = performance.now();
    const took = await takeWork(options, state, waitMs);
    if (took === 'ended') break;
    if (took === 'something') continue;
    await reviveUnanswered(options, state);
    // Zone 1 may answer "nothing" at once: then the next question waits a little.
    if (performance.now() - askedAt < Math.min(waitMs, 1_000)) await sleep(Math.min(waitMs, 1_000));
  }
  await Promise.all(state.running.values());
  if (state.failure !== undefined) throw state.failure;
}

async function openState(options: SessionOptions): Promise<SessionState> {
  const earlier = queueIn(unlessRefused(await options.client.taskList()));
  const known = earlier.filter(({ record }) => record.kind !== 'note').map(({ record }) => nameOf(record.work));
  const state: SessionState = {
    origin: options.origin,
    queue: new Map(earlier.map((each) => [each.record.work, each])),
    running: new Map(),
    either: { item: undefined, stepMs: 0 },
    known,
    failure: undefined,
  };
  // What an earlier process kept tells the kind of session as well as the work did.
  if (state.origin === 'unknown' && earlier.length > 0) state.origin = known.length > 0 ? 'instruction' : 'item';
  await reviveUnanswered(options, state);
  return state;
}

/** The owner may have put a question again that went without an answer: then its work goes on. */
async function reviveUnanswered(options: SessionOptions, state: SessionState): Promise<void> {
  for (const [name, work] of state.queue) {
    if (state.running.has(name)) continue;
    for (const { index, request } of unanswered(work.record)) {
      const answer = await options.client.outcome(request);
      const { status, token } = answer.kind === 'ok' ? answer.value : { status: 'expired', token: undefined };
      if (status !== 'pending' && token === undefined) continue;
      const record = withProgress(state.queue.get(name)?.record ?? work.record, index, {
        state: 'pending',
        request,
        reason: null,
      });
      state.queue.set(name, { ...work, record });
    }
  }
}

/** Starts what waits, the most urgent first, as long as there is room. */
function startWaiting(options: SessionOptions, state: SessionState): void {
  while (state.running.size < WORKS_MAX && state.failure === undefined) {
    const next = nextWork(state.queue.values(), new Set(state.running.keys()));
    if (next === null) return;
    start(options, state, next);
  }
}

/** Work that goes on beside the loop. Its failure ends the session at the next turn: nothing is swallowed. */
function start(options: SessionOptions, state: SessionState, work: Earlier): void {
  const name = work.record.work;
  const running = run(options, work)
    .then((record) => void state.queue.set(name, { ...work, record }))
    .catch((error: unknown) => {
      state.failure ??= error;
    })
    .finally(() => {
      state.running.delete(name);
      startWaiting(options, state);
    });
  state.running.set(name, running);
}

async function run(options: SessionOptions, earlier: Earlier): Promise<Earlier['record']> {
  if (earlier.record.kind !== 'instruction') return await carryOn(options, earlier);
  const items = await joinedItems(options);
  const { text, work } = earlier.record;
  const about = { kind: 'answer', work, place: earlier } as const;
  const record = await performWork(
    options,
    { kind: 'instruction', instruction: { text, task: earlier.task }, items },
    about,
  );
  for (const item of items) unlessRefused(await options.client.itemDone(item.contentRef));
  for (const task of spentTasks(unlessRefused(await options.client.taskList()), FINISHED_KEPT_MAX)) {
    unlessGone(await options.client.taskDelete(task));
  }
  return record;
}

/** Two works may forget the same record. */
function unlessGone(answer: Awaited<ReturnType<WorkContext['client']['taskDelete']>>): void {
  if (answer.kind === 'refused' && answer.error !== 'not_found') {
    throw new HardshellError('unavailable', `zone 1 refused: ${answer.error}`, { fate: 'retry' });
  }
}
