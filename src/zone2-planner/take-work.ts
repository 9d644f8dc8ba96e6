import { createHash } from 'node:crypto';
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
      return await takeItem(options, state);
    case 'task':
    case 'instruction':
      return await takeOwnInstruction(options, state);
    case 'standing':
      return await takeInstruction(options, state, waitMs);
    case 'unknown':
      return await takeEither(options, state, waitMs);
    default:
      return state.origin satisfies never;
  }
}

/** A session that was opened for its instruction ends with it: the instruction was there before the process. */
async function takeOwnInstruction(options: SessionOptions, state: SessionState): Promise<Took> {
  const took = await takeInstruction(options, state, 0);
  if (took !== 'nothing') return took;
  if (state.running.size === 0) return 'ended';
  await Promise.race(state.running.values());
  return 'something';
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
    state.origin = 'instruction';
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
  state.origin = late === 'nothing' ? 'item' : 'instruction';
  return late === 'nothing' ? await triage(options, state, delivery) : late;
}

/** The session of a message ends with it: the message was delivered before the process started. */
async function takeItem(options: SessionOptions, state: SessionState): Promise<Took> {
  const item = unlessEnded(await options.client.nextItem(0));
  return item === 'ended' || item === null ? 'ended' : await triage(options, state, item);
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
  return 'something';
}

/** Takes an instruction and keeps it at once: Zone 1 hands it over once, and again only to the process after a crash. */
async function takeInstruction(options: SessionOptions, state: SessionState, waitMs: number): Promise<Took> {
  const instruction = unlessEnded(await options.client.nextInstruction(state.known.length > 0 ? 0 : waitMs));
  if (instruction === 'ended') return 'ended';
  if (instruction === null) {
    // What is handed over again comes at the start: from here on, the same words are said anew.
    const waited = state.known.length === 0;
    state.known.length = 0;
    return waited || waitMs === 0 ? 'nothing' : 'something';
  }
  const again = state.known.indexOf(digestOf(instruction.text));
  if (again >= 0) state.known.splice(again, 1);
  else await queueInstruction(options, state, instruction);
  return 'something';
}

async function queueInstruction(
  context: WorkContext,
  state: SessionState,
  instruction: InstructionDelivery,
): Promise<void> {
  const { priority, text } = priorityOf(instruction.text);
  const nowMs = context.nowMs();
  const work = `${digestOf(instruction.text)}@${nowMs}.${state.queue.size}`;
  const record = recordOfInstruction(text, { work, at: new Date(nowMs).toISOString() });
  const task = await keepRecord(context.client, record, { task: instruction.task, priority });
  state.queue.set(work, { task, priority, record });
}

/** What an instruction is known by after a restart: the wire gives it no id. */
function digestOf(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 32);
}

/** The digest in the name of a work. */
export function nameOf(work: string): string {
  return work.split('@', 1)[0] ?? work;
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
