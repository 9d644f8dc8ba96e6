import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, stepCountIs } from 'ai';
import { HardshellError } from '../../contracts/index.ts';
import { clip } from '../triage/summarise.ts';
import type { Proposal, Tools, Work } from '../work.ts';
import type { ModelPlannerLimits } from './model-planner.ts';
import { modelTools } from './model-tools.ts';
import { promptFor, SYSTEM_PROMPT } from './prompt.ts';

export interface AskModel {
  readonly work: Work;
  readonly tools: Tools;
  readonly fetch: typeof globalThis.fetch;
  readonly model: string;
  readonly limits: ModelPlannerLimits;
}

/**
 * One bounded talk with the model. Its reads happen on the way; what it wants to send is collected and returned, and
 * nothing of it has happened yet. Throws when the model fails, is cut off, or says nothing at all.
 */
export async function askModel(asking: AskModel): Promise<{ text: string; proposals: readonly Proposal[] }> {
  const { limits, work } = asking;
  const provider = createOpenAICompatible({ name: 'local', baseURL: 'http://model/v1', fetch: asking.fetch });
  const proposals: Proposal[] = [];
  const result = await generateText({
    model: provider.chatModel(asking.model),
    instructions: SYSTEM_PROMPT,
    prompt: promptFor(work),
    tools: modelTools({ work, tools: asking.tools, propose: (proposal) => proposals.push(proposal) }),
    stopWhen: stepCountIs(limits.stepsMax),
    maxOutputTokens: limits.outputTokensMax,
    temperature: 0,
    maxRetries: 0,
    abortSignal: AbortSignal.timeout(limits.totalMs),
  });
  const text = result.text.trim();
  if (text === '' && proposals.length === 0) {
    throw new HardshellError('provider_error', 'the model said nothing', { fate: 'retry' });
  }
  return {
    text: clip(text === '' ? 'The mail is proposed and waits for your approval (`approvals list`).' : text, 8_000),
    proposals,
  };
}
