import { policyScenariosSchema, type Decision, type DecisionRequest, type PolicyScenario } from '../contracts/index.ts';
import type { CompiledPolicy } from './compile.ts';
import { decide } from './decide.ts';
import { sayDecision } from './words.ts';

export interface ScenarioResult {
  readonly name: string;
  readonly passed: boolean;
  readonly decision: Decision;
  /** What came instead of what was expected, in words; empty when passed. */
  readonly wrong: string;
}

export type Scenarios =
  | { readonly kind: 'ran'; readonly results: readonly ScenarioResult[] }
  | { readonly kind: 'refused'; readonly message: string };

/** Runs a scenario file (JSON text: a list of `{name, request, expect, approval?, red?}`) under a policy. */
export function runScenarios(file: string, policy: CompiledPolicy): Scenarios {
  let json: unknown;
  try {
    json = JSON.parse(file);
  } catch {
    return { kind: 'refused', message: 'the scenario file is not JSON' };
  }
  const parsed = policyScenariosSchema.safeParse(json);
  if (!parsed.success) {
    const first = parsed.error.issues.map(({ path, message }) => `\`${path.join('.')}\`: ${message}`);
    return { kind: 'refused', message: `the scenario file is wrong at ${first.join('; at ')}` };
  }
  if (parsed.data.length === 0) return { kind: 'refused', message: 'the scenario file holds no scenario' };
  return { kind: 'ran', results: parsed.data.map((scenario) => runOne(scenario, policy)) };
}

function runOne(scenario: PolicyScenario, policy: CompiledPolicy): ScenarioResult {
  const decision = decide(requestOf(scenario, policy), policy);
  const wrong = differs(scenario, decision);
  return { name: scenario.name, passed: wrong === '', decision, wrong };
}

/** The whole request of a scenario; its effect is the action's own unless it says otherwise. */
export function requestOf({ request }: PolicyScenario, { catalogue }: CompiledPolicy): DecisionRequest {
  return { ...request, effect: request.effect ?? catalogue.get(request.action)?.effect ?? 'outbound' };
}

function differs({ expect, approval, red }: PolicyScenario, decision: Decision): string {
  if (decision.kind !== expect) return `expected ${expect}, but it is ${sayDecision(decision)}`;
  if (decision.kind === 'deny')
    return approval === undefined && red === undefined ? '' : 'a denial has no approval and no red marks to expect';
  if (approval !== undefined && decision.obligations.approval !== approval) {
    return `expected approval ${approval}, but it is ${sayDecision(decision)}`;
  }
  if (red !== undefined && red !== decision.red.length > 0) {
    return `expected it ${red ? 'to be red' : 'not to be red'}, but it is ${sayDecision(decision)}`;
  }
  return '';
}
