import { setTimeout as sleep } from 'node:timers/promises';
import type { CapabilityClient, Capability, Refused } from '../bridge/index.ts';
import { HardshellError, LIMITS } from '../contracts/index.ts';
import type { Proposal } from './work.ts';

/** How far one proposal has come. The states from `done` on are final: nothing is asked again after them. */
export const STEP_STATES = [
  'planned',
  'pending',
  'executing',
  'queued',
  'done',
  'failed',
  'unknown',
  'denied',
  'expired',
  'cancelled',
  'refused',
] as const;
export type StepState = (typeof STEP_STATES)[number];

export interface Progress {
  readonly state: StepState;
  readonly request: string | null;
  /** Zone 1's own sentence, when it refused. */
  readonly reason: string | null;
}

export function isFinal(state: StepState): boolean {
  return STEP_STATES.indexOf(state) >= STEP_STATES.indexOf('done');
}

export interface CarryOutOptions {
  readonly client: CapabilityClient;
  readonly proposal: Proposal;
  /** Where an earlier process of this session left it. */
  readonly from: Progress;
  /** Called before the step goes on; resolves when Zone 1 keeps it. */
  readonly onProgress: (progress: Progress) => Promise<void>;
  readonly approvalTimeoutMs?: number;
}

/**
 * Request, wait for the answer, execute, follow the outcome. A step that an earlier process had asked about is not asked
 * about again: its request is still there, and so is its token as long as nobody has spent it.
 */
export async function carryOut(options: CarryOutOptions): Promise<Progress> {
  const { from, onProgress } = options;
  if (isFinal(from.state)) return from;
  const last =
    from.request === null ? await askAndExecute(options) : await executeWhenApproved(options, from.request, 0);
  await onProgress(last);
  return last;
}

async function askAndExecute(options: CarryOutOptions): Promise<Progress> {
  const { client, proposal, onProgress } = options;
  const capability = await ask(client, proposal);
  if (capability.kind === 'refused') return refusedAs(capability, null);
  const request = capability.requestId;
  if (capability.kind === 'allowed') return await execute(options, { token: capability.token, request }, 0);
  await onProgress({ state: 'pending', request, reason: null });
  return await executeWhenApproved(options, request, 0);
}

async function executeWhenApproved(options: CarryOutOptions, request: string, tries: number): Promise<Progress> {
  const timeoutMs = options.approvalTimeoutMs ?? LIMITS.approvalTtlMs.value + 15_000;
  const answer = await options.client.waitForApproval(request, { timeoutMs });
  switch (answer.kind) {
    case 'approved':
      return await execute(options, { token: answer.token, request }, tries);
    case 'timeout':
      return { state: 'expired', request, reason: null };
    case 'refused':
      return answer.error === 'token_used' ? await follow(options, request) : refusedAs(answer, request);
    default:
      return { state: answer.kind, request, reason: null };
  }
}

/** How often a token whose answer was lost is tried again. */
const TRIES_MAX = 2;

async function execute(
  options: CarryOutOptions,
  grant: { token: string; request: string },
  tries: number,
): Promise<Progress> {
  const { client, proposal, onProgress } = options;
  const { request } = grant;
  await onProgress({ state: 'executing', request, reason: null });
  try {
    const result = await client.executeWithToken(grant.token, proposal.action, proposal.params);
    if (result.kind === 'refused') {
      const doubtful = result.error === 'outcome_unknown' || result.error === 'token_used';
      return doubtful ? await follow(options, request) : refusedAs(result, request);
    }
    if (result.value['state'] !== 'queued') return { state: 'done', request, reason: null };
  } catch (error) {
    if (!(error instanceof HardshellError && error.fate === 'retry')) throw error;
    // The answer was lost. Zone 1 still gives the token out only if nothing was done with it.
    if (tries < TRIES_MAX) return await executeWhenApproved(options, request, tries + 1);
  }
  await onProgress({ state: 'queued', request, reason: null });
  return await follow(options, request);
}

/** Asks what became of an act, through the outbox delay and a little beyond. */
async function follow(options: CarryOutOptions, request: string): Promise<Progress> {
  const deadline = performance.now() + LIMITS.outboxDelayMsMax.value + 60_000;
  for (;;) {
    const askedAt = performance.now();
    const answer = await options.client.outcome(request, 20_000).catch(weather);
    if (answer?.kind === 'refused' && answer.error !== 'overloaded') return refusedAs(answer, request);
    const status = answer?.kind === 'ok' ? answer.value : undefined;
    const outcome = status?.outcome;
    if (outcome === 'succeeded') return { state: 'done', request, reason: null };
    if (outcome === 'failed' || outcome === 'unknown' || outcome === 'denied')
      return { state: outcome, request, reason: null };
    if (outcome === undefined && status !== undefined && status.status !== 'approved' && status.status !== 'pending') {
      return { state: status.status, request, reason: null };
    }
    if (performance.now() >= deadline) return { state: 'unknown', request, reason: null };
    if (performance.now() - askedAt < 250) await sleep(500);
  }
}

/** `overloaded` is weather: waited out a few times. Every other refusal is an answer and is not asked about again. */
async function ask(client: CapabilityClient, { action, params, rationale }: Proposal): Promise<Capability> {
  for (let tries = 1; ; tries += 1) {
    const capability = await client.requestCapability(action, params, { rationale });
    if (capability.kind !== 'refused' || capability.error !== 'overloaded' || tries === 4) return capability;
    await sleep(Math.min(capability.retryAfterMs ?? 1_000, 5_000));
  }
}

function weather(error: unknown): undefined {
  if (error instanceof HardshellError && error.fate === 'retry') return undefined;
  throw error;
}

function refusedAs(refusal: Refused, request: string | null): Progress {
  const state = refusal.error === 'outcome_unknown' ? 'unknown' : 'refused';
  return { state, request, reason: `${refusal.error}: ${refusal.message}`.slice(0, 500) };
}
