import type { CapabilityClient } from '../bridge/index.ts';
import { HardshellError, type TaskId } from '../contracts/index.ts';
import { carryOut, isFinal, type Progress } from './carry-out.ts';
import { keepRecord, proposalOf, recordOfPlan, withProgress, type Place, type WorkRecord } from './record.ts';
import { bridgeTools } from './tools.ts';
import { PROPOSALS_MAX, type Plan, type Planner, type Work } from './work.ts';

export interface WorkContext {
  readonly client: CapabilityClient;
  readonly planner: Planner;
  readonly nowMs: () => number;
}

/** A record of an earlier process of this session, and the task it is kept under. */
export interface Earlier {
  readonly task: TaskId;
  readonly priority: number;
  readonly record: WorkRecord;
}

export interface About {
  readonly kind: 'note' | 'answer';
  /** What the record is found by after a restart. */
  readonly work: string;
  readonly place: Place;
}

/**
 * Plan, keep the plan, carry out its proposals. The plan is kept before the first question is asked, so that a restart
 * goes on with it and neither thinks nor asks twice.
 */
export async function performWork(context: WorkContext, work: Work, about: About): Promise<WorkRecord> {
  const plan = capped(await planOrSay(context, work));
  const at = new Date(context.nowMs()).toISOString();
  const record = recordOfPlan(plan, { kind: about.kind, work: about.work, at });
  const kept = await keepOrSay(context.client, record, about.place);
  return await carryOn(context, kept);
}

/** Goes on where a record stands: every step that has not ended, side by side. */
export async function carryOn(context: WorkContext, earlier: Earlier): Promise<WorkRecord> {
  const state = { record: earlier.record, kept: Promise.resolve() };
  const onProgress = async (index: number, progress: Progress): Promise<void> => {
    state.record = withProgress(state.record, index, progress);
    // Steps run side by side: the writes go one after the other, each with the newest record.
    state.kept = state.kept.then(async () => void (await keepRecord(context.client, state.record, earlier)));
    await state.kept;
  };
  const open = earlier.record.steps.map((step, index) => ({ step, index })).filter(({ step }) => !isFinal(step.state));
  await Promise.all(
    open.map(async ({ step, index }) => {
      const proposal = proposalOf(step);
      if (proposal === null)
        return await onProgress(index, {
          state: 'unknown',
          request: step.request,
          reason: 'its parameters were not kept',
        });
      await carryOut({
        client: context.client,
        proposal,
        from: step,
        onProgress: (progress) => onProgress(index, progress),
      });
    }),
  );
  return state.record;
}

/** A plan that fails is told and not tried again: the same message would fail the next process, too. */
async function planOrSay(context: WorkContext, work: Work): Promise<Plan> {
  try {
    return await context.planner.plan(work, bridgeTools(context.client, context.nowMs));
  } catch (error) {
    if (error instanceof HardshellError && error.fate === 'retry') throw error;
    return {
      engine: 'rules',
      category: null,
      proposals: [],
      text: 'The planner failed on this; nothing was proposed.',
    };
  }
}

function capped(plan: Plan): Plan {
  if (plan.proposals.length <= PROPOSALS_MAX) return plan;
  const text = `${plan.text}\n${plan.proposals.length - PROPOSALS_MAX} further proposals were left out: a plan asks at most ${PROPOSALS_MAX}.`;
  return { ...plan, text, proposals: plan.proposals.slice(0, PROPOSALS_MAX) };
}

/** A plan that is too long to keep is not carried out; the owner is told so in its place. */
async function keepOrSay(client: CapabilityClient, record: WorkRecord, place: Place): Promise<Earlier> {
  try {
    return { task: await keepRecord(client, record, place), priority: place.priority, record };
  } catch (error) {
    if (!(error instanceof HardshellError && error.code === 'too_large')) throw error;
    const text = 'The plan was longer than can be kept, so nothing was proposed. Shorten the text and ask again.';
    const short: WorkRecord = { ...record, text, steps: [], state: 'done' };
    return { task: await keepRecord(client, short, place), priority: place.priority, record: short };
  }
}
