import type { Decision, DecisionRequest, Obligations } from '../contracts/index.ts';
import type { Catalogue, CatalogueEntry } from './catalogue.ts';

export type Denial = Extract<Decision, { kind: 'deny' }>;

/** A denial in words. `reason` is a sentence that a person can act on; it holds nothing that came from outside. */
export function deny(code: Denial['code'], reason: string, rules: readonly string[] = []): Denial {
  return { kind: 'deny', code, reason, rules };
}

/**
 * What no policy can loosen, asked before the policy. INVARIANT: nothing in here reads a file, a rule or a setting.
 */
export function floorBefore(request: DecisionRequest, catalogue: Catalogue): Denial | CatalogueEntry {
  if (request.killed) return deny('killed', 'Hardshell is stopped; run `hardshell revive` at the machine');
  if (request.breakerOpen)
    return deny('breaker_open', 'the circuit breaker is open (blocked); see `hardshell breaker status`');
  const entry = catalogue.get(request.action);
  if (entry === undefined) return deny('action_not_allowed', 'this action does not exist in this build');
  if (entry.effect !== request.effect) {
    return deny(
      'policy_denied',
      `\`${request.action}\` was put forward as another kind of action than it is; this is a fault in Hardshell, please report it`,
    );
  }
  if (entry.roles !== null && request.values.some(({ role }) => !entry.roles?.includes(role))) {
    return deny(
      'policy_denied',
      `a destination of \`${request.action}\` stands in a parameter that may not hold one; this is a fault in Hardshell, please report it`,
    );
  }
  if (entry.effect === 'outbound') return floorOutbound(request) ?? entry;
  return entry;
}

function floorOutbound(request: DecisionRequest): Denial | null {
  const labels = [request.payload, ...request.values.map(({ label }) => label), ...request.sources];
  if (labels.some(({ confidentiality }) => confidentiality === 'secret')) {
    return deny(
      'policy_denied',
      'something secret would go out; no policy can allow this: remove it from what is sent',
      ['floor: secret'],
    );
  }
  if (request.values.length === 0) {
    return deny('policy_denied', 'an outbound act without a destination cannot be judged', ['floor: no destination']);
  }
  return null;
}

/** What no policy can loosen, asked of the obligations that the rules came to. */
export function floorAfter(
  request: DecisionRequest,
  obligations: Obligations,
  rules: readonly string[],
): Denial | null {
  const chosenOutside = request.values.some(({ label }) => label.integrity === 'untrusted');
  if (request.effect === 'outbound' && obligations.approval === 'none' && chosenOutside) {
    return deny(
      'policy_denied',
      `something from outside chose a destination, and ${named(rules)} would let it go without a person; no policy can allow this: write @approval("owner")`,
      ['floor: untrusted destination', ...rules],
    );
  }
  return null;
}

/** Rules by name, as they stand in a sentence. */
export function named(rules: readonly string[]): string {
  return `${rules.length === 1 ? 'rule' : 'rules'} ${rules.map((rule) => `\`${rule}\``).join(', ')}`;
}
