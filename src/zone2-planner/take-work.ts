import { setTimeout as sleep } from 'node:timers/promises';
import type { Answered, InstructionDelivery, ItemDelivery } from '../bridge/index.ts';
import { HardshellError } from '../contracts/index.ts';
import { performWork, type WorkContext } from './perform-work.ts';
import { keepRecord, recordOfInstruction } from './record.ts';
import type { SessionOptions, SessionState } from './session.ts';
import { PRIORITY, priorityOf } from './tasks.ts';

export type Took = 'something' | 'nothing' | 'ended';

/** Takes the next piece of work that Zone 1 has for this session. `ended`: there is none and there will be none. */
export async function takeWork(options: SessionOptions, state: SessionState, waitMs: number): Promise<Took> {
  switch (state.origin) {
    case 'item':
      return await takeItem(options, state, waitMs);
    case 'task':
    case 'instruction':
    case 'standing':
      return await takeInstruction(options, state, waitMs);
    case 'unknown':
      return await takeEither(options, state, waitMs);
    default:
      return state.origin satisfies never;
  }
}

/** The item poll of a session of unknown kind, which goes on over several turns. */
export interface EitherPoll {
  item: Promise<Settled<ItemDelivery>> | undefined;
  /** Milliseconds of the next wait for an instruction: none at first, then growing. */
  stepMs: number;
}

type Settled<T> = { readonly answer: Answered<T | null> } | { readonly error: unknown };

/**
 * Zone 1 did not say what this session is for. An instruction comes first, since the message that the owner joined to it
 * is delivered as an item, too; a session that has an item and no instruction is that item's.
 */
async function takeEither(options: SessionOptions, state: SessionState, waitMs: number): Promise<Took> {
  const { either } = state;
  either.item ??= options.client.nextItem(waitMs).then(
    (answer) => ({ answer }),
    (error: unknown) => ({ error }),
  );
  const stepMs = Math.min(waitMs, either.stepMs);
  either.stepMs = Math.max(1_000, stepMs * 2);
  const took = await takeInstruction(options, state, stepMs);
  if (took !== 'nothing') {
    // A session that was given an instruction is the owner's talk; an item that comes with it is joined to it.
    state.origin = 'standing';
    return took;
  }
  const item = await Promise.race([either.item, sleep(20)]);
  if (item === undefined) return stepMs === 0 ? 'something' : 'nothing';
  either.item = undefined;
  if ('error' in item) throw item.error;
  const delivery = unlessEnded(item.answer);
  if (delivery === 'ended') return 'ended';
  if (delivery === null) return 'nothing';
  const late = await takeInstruction(options, state, 0);
  state.origin = late === 'nothing' ? 'item' : 'standing';
  return late === 'nothing' ? await triage(options, state, delivery) : late;
}

async function takeItem(options: SessionOptions, state: SessionState, waitMs: number): Promise<Took> {
  const item = unlessEnded(await options.client.nextItem(waitMs));
  if (item === 'ended') return 'ended';
  return item === null ? 'nothing' : await triage(options, state, item);
}

/** Thinks about one message, carries out what was proposed, and only then says that the message was dealt with. */
async function triage(options: SessionOptions, state: SessionState, item: ItemDelivery): Promise<Took> {
  const work = item.contentRef;
  if (state.queue.has(work)) {
    await state.running.get(work);
  } else {
    await performWork(
      options,
      { kind: 'item', item },
      { kind: 'note', work, place: { task: null, priority: PRIORITY.item } },
    );
  }
  if (state.failure !== undefined) throw state.failure;
  unlessRefused(await options.client.itemDone(work));
  const next = unlessEnded(await options.client.nextItem(0));
  return next === 'ended' || next === null ? 'ended' : 'something';
}

/** Takes an instruction and keeps it at once: Zone 1 hands it over only once. */
async function takeInstruction(options: SessionOptions, state: SessionState, waitMs: number): Promise<Took> {
  const instruction = unlessEnded(await options.client.nextInstruction(waitMs));
  if (instruction === 'ended') return 'ended';
  if (instruction === null) return 'nothing';
  await queueInstruction(options, state, instruction);
  return 'something';
}

async function queueInstruction(
  context: WorkContext,
  state: SessionState,
  instruction: InstructionDelivery,
): Promise<void> {
  const { priority, text } = priorityOf(instruction.text);
  const nowMs = context.nowMs();
  const work = `${instruction.task ?? 'said'}@${nowMs}.${state.queue.size}`;
  const record = recordOfInstruction(text, { work, at: new Date(nowMs).toISOString() });
  const task = await keepRecord(context.client, record, { task: instruction.task, priority });
  state.queue.set(work, { task, priority, record });
}

/** Messages that the owner joined to the instruction; a session that has none is answered at once. */
export async function joinedItems(
  options: Pick<SessionOptions, 'client' | 'origin'>,
): Promise<readonly ItemDelivery[]> {
  if (options.origin === 'standing' || options.origin === 'task') return [];
  const item = unlessRefused(await options.client.nextItem(0));
  // The same message is delivered until it is done, so further ones come with the next instruction.
  return item === null ? [] : [item];
}

export function unlessRefused<T>(answer: Answered<T>): T {
  if (answer.kind === 'ok') return answer.value;
  const fate = answer.error === 'overloaded' || answer.error === 'unavailable' ? 'retry' : 'refuse';
  throw new HardshellError('unavailable', `zone 1 refused: ${answer.error}`, { fate });
}

/** `not_found` says that Zone 1 has closed this session: a plain end, not a fault. */
function unlessEnded<T>(answer: Answered<T>): T | 'ended' {
  return answer.kind === 'refused' && answer.error === 'not_found' ? 'ended' : unlessRefused(answer);
}
