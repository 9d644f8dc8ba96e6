import type { Decision, DecisionRequest, Obligations } from '../contracts/index.ts';
import { callOf, factsOf } from './call.ts';
import type { CompiledPolicy, Slice } from './compile.ts';
import type { EngineAnswer } from './engine.ts';
import { deny, floorAfter, floorBefore, named } from './floor.ts';
import { redMarks } from './flow.ts';
import { joinTerms, stricterApproval } from './obligations.ts';
import type { Rule } from './rules.ts';

/**
 * Judges one request: flow marks, floor, rules, obligations, floor again. Pure; the same request under the same policy
 * always comes to the same decision. Everything that is not understood denies.
 */
export function decide(request: DecisionRequest, policy: CompiledPolicy): Decision {
  const marks = redMarks(request);
  const below = floorBefore(request, policy.catalogue);
  if ('kind' in below) return below;
  const slice = policy.slices.get(request.action);
  if (slice === undefined) return deny('policy_denied', 'policy holds no rules for this action; reload it');
  const answer = policy.engine.authorize(slice.kept, callOf(factsOf(request, marks, below), slice.attributes));
  const judged = judge(request, answer, slice);
  if (judged.kind === 'deny') return judged;
  const obligations = joinTerms(
    judged.permits.map(({ terms }) => terms),
    request.effect,
  );
  const rules = judged.permits.map(({ id }) => id).sort();
  const above = floorAfter(request, obligations, rules);
  if (above !== null) return above;
  return { kind: 'allow', obligations: marks.length > 0 ? attended(obligations) : obligations, red: marks, rules };
}

/** A red act is never without a person; the act of attention itself is asked for where the question is put. */
function attended(obligations: Obligations): Obligations {
  return { ...obligations, approval: stricterApproval(obligations.approval, 'owner') };
}

type Judged = { readonly kind: 'permitted'; readonly permits: readonly Rule[] } | Extract<Decision, { kind: 'deny' }>;

/** The engine's answer in our words. INVARIANT: an error anywhere denies, whatever the engine concluded. */
function judge({ action }: DecisionRequest, answer: EngineAnswer, slice: Slice): Judged {
  if (answer.kind === 'failure') {
    return deny(
      'policy_denied',
      `\`${action}\` cannot be judged: the request does not fit what policy knows, or the policy engine has failed; if it stays so, restart Hardshell`,
    );
  }
  const erring = answer.erring.map((name) => slice.rules.get(name)?.id ?? 'unknown').sort();
  if (erring.length > 0) {
    return deny(
      'policy_denied',
      `${named(erring)} could not be evaluated, and a rule that fails denies; correct it in policy.cedar`,
      erring,
    );
  }
  const rules = answer.reason.map((name) => slice.rules.get(name)).filter((rule) => rule !== undefined);
  if (!answer.allow) return refusal(action, rules, slice);
  const whole =
    rules.length > 0 && rules.length === answer.reason.length && rules.every(({ effect }) => effect === 'permit');
  if (!whole) return deny('policy_denied', `policy allowed \`${action}\` without naming a permit, so it is denied`);
  return { kind: 'permitted', permits: rules };
}

function refusal(action: string, forbids: readonly Rule[], slice: Slice): Judged {
  const ids = forbids.map(({ id }) => id).sort();
  if (ids.length > 0) {
    return deny('policy_denied', `${named(ids)} in policy.cedar ${ids.length === 1 ? 'forbids' : 'forbid'} this`, ids);
  }
  const permits = [...slice.rules.values()]
    .filter(({ effect }) => effect === 'permit')
    .map(({ id }) => id)
    .sort();
  const why =
    permits.length === 0
      ? `no rule in policy.cedar permits \`${action}\``
      : `nothing in policy.cedar permits \`${action}\` in these circumstances; see ${named(permits)}`;
  return deny('policy_denied', why);
}
