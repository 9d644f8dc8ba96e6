import { setTimeout as sleep } from 'node:timers/promises';
import { HardshellError } from '../../contracts/index.ts';
import { parseInstruction } from '../instruction/parse-instruction.ts';
import { classify } from '../triage/classify.ts';
import type { Category, Plan, Planner, Work } from '../work.ts';
import { socketFetch } from './socket-fetch.ts';

export interface ModelPlannerOptions {
  /** Socket of the model gateway. */
  readonly socketPath: string;
  /** True when Zone 1 said that a model is configured: then its socket is waited for, and its absence told. */
  readonly expected: boolean;
  /** Thinks in place of the model where there is none, where it fails, and where rules are the better judge. */
  readonly rules: Planner;
  readonly limits?: Partial<ModelPlannerLimits>;
  /** One line for the log of the process; never content. */
  readonly say: (line: string) => void;
}

export interface ModelPlannerLimits {
  /** Turns of the model for one piece of work. */
  readonly stepsMax: number;
  readonly outputTokensMax: number;
  /** Milliseconds for one piece of work. */
  readonly totalMs: number;
  /** Milliseconds in which the gateway must say that there is a model. */
  readonly probeMs: number;
  readonly responseBytesMax: number;
}

export const MODEL_PLANNER_LIMITS: ModelPlannerLimits = {
  stepsMax: 8,
  outputTokensMax: 2_048,
  totalMs: 600_000,
  probeMs: 5_000,
  responseBytesMax: 8_388_608,
};

/** What a model may be asked about: the rest is decided by rules, so that no flagged or mass mail reaches it. */
const FOR_THE_MODEL: readonly Category[] = ['question', 'personal', 'meeting', 'invoice'];

/** The planner that asks a model and falls back to rules. The model's library is loaded when a model has answered. */
export function modelPlanner(options: ModelPlannerOptions): Planner {
  const limits = { ...MODEL_PLANNER_LIMITS, ...options.limits };
  const fetch = socketFetch({
    socketPath: options.socketPath,
    responseBytesMax: limits.responseBytesMax,
    idleMs: limits.totalMs,
  });
  return {
    plan: async (work, tools) => {
      const byRules = async (remark: string): Promise<Plan> => {
        const plan = await options.rules.plan(work, tools);
        return remark === '' ? plan : { ...plan, text: `${plan.text}\n${remark}` };
      };
      if (!wantsModel(work, tools.nowMs())) return await byRules('');
      const found = await (options.expected ? waitForModel(fetch, limits.probeMs) : findModel(fetch, limits.probeMs));
      if (found === 'none') return await byRules('');
      if (found === 'silent') return await byRules('The model did not answer, so this was done by rules.');
      try {
        const { askModel } = await import('./ask-model.ts');
        const { text, proposals } = await askModel({ work, tools, fetch, model: found.model, limits });
        return {
          engine: 'model',
          category: work.kind === 'item' ? classify(work.item.message) : null,
          text,
          proposals,
        };
      } catch (error) {
        // Whatever the half-done talk had proposed is dropped with it.
        options.say(`the model failed (${error instanceof HardshellError ? error.code : nameOf(error)})`);
        return await byRules('The model failed, so this was done by rules.');
      }
    },
  };
}

/** Exact words of the owner need no model; a message that rules would not answer is not shown to one. */
function wantsModel(work: Work, nowMs: number): boolean {
  if (work.kind === 'item') return FOR_THE_MODEL.includes(classify(work.item.message));
  const { text } = work.instruction;
  const { kind } = parseInstruction(text, nowMs);
  if (kind === 'mail' || kind === 'reply') return !/["“„«]/.test(text);
  return kind === 'unclear' || kind === 'summarise';
}

/** The gateway makes a session's socket while its planner starts. */
async function waitForModel(fetch: typeof globalThis.fetch, probeMs: number): Promise<Found> {
  const deadline = performance.now() + probeMs;
  for (;;) {
    const found = await findModel(fetch, Math.max(1, Math.ceil(deadline - performance.now())));
    if (typeof found === 'object') return found;
    if (performance.now() >= deadline - 100) return 'silent';
    await sleep(100);
  }
}

type Found = { readonly model: string } | 'none' | 'silent';

/** `none`: no socket, so no model is configured. `silent`: there should be one. */
async function findModel(fetch: typeof globalThis.fetch, probeMs: number): Promise<Found> {
  try {
    const answer = await fetch('http://model/v1/models', { signal: AbortSignal.timeout(probeMs) });
    const list: unknown = await answer.json();
    const model = answer.ok ? firstModel(list) : null;
    return model === null ? 'silent' : { model };
  } catch (error) {
    const cause: unknown = error instanceof HardshellError ? error.cause : undefined;
    const absent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    return absent ? 'none' : 'silent';
  }
}

function firstModel(list: unknown): string | null {
  if (typeof list !== 'object' || list === null || !('data' in list) || !Array.isArray(list.data)) return null;
  const first: unknown = list.data[0];
  return typeof first === 'object' && first !== null && 'id' in first && typeof first.id === 'string' ? first.id : null;
}

/** The class of a foreign error: its message may quote the prompt. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name.slice(0, 60) : 'unknown';
}
