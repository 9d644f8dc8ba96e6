import type { DecisionRequest } from '../contracts/index.ts';
import type { CompiledPolicy } from './compile.ts';
import { decide } from './decide.ts';
import type { Rule } from './rules.ts';
import { andList, counted, quote, sayDecision, sayRule } from './words.ts';

/**
 * One decision as a short paragraph: what was asked, what came of it and why. Destinations are quoted in plain ASCII,
 * so that nothing in them can imitate our words; nothing else from outside stands in it.
 */
export function explain(request: DecisionRequest, policy: CompiledPolicy): string {
  const reached = [...new Set(request.values.map(({ value, audience }) => `${quote(value)} (${audience})`))];
  const to = reached.length === 0 ? '' : ` to ${andList(reached)}`;
  const from = request.sources.length === 0 ? '' : `, after reading ${counted(request.sources.length, 'message')}`;
  const payload = `${request.payload.integrity} and ${request.payload.confidentiality} content`;
  return `${quote(request.action)}${to} with ${payload}${from}, is ${sayDecision(decide(request, policy))}.`;
}

/**
 * What confirming `after` in place of `before` would change, one sentence a rule; null: there was no policy before.
 * An empty list says that the rules are the same, and only comments or order differ.
 */
export function sayDifference(before: CompiledPolicy | null, after: CompiledPolicy): readonly string[] {
  const old = new Map((before?.rules ?? []).map((rule) => [rule.id, rule]));
  const now = new Map(after.rules.map((rule) => [rule.id, rule]));
  const lines: string[] = [];
  for (const [id, rule] of now) {
    const held = old.get(id);
    if (held === undefined) lines.push(`adds \`${id}\`: ${sayRule(rule, after.catalogue)}`);
    else if (held.source !== rule.source) lines.push(`changes \`${id}\`: ${sayChange(held, rule, after)}`);
  }
  for (const [id, rule] of old) {
    if (!now.has(id)) lines.push(`removes \`${id}\`, which ${sayRule(rule, after.catalogue)}`);
  }
  return lines;
}

function sayChange(held: Rule, rule: Rule, { catalogue }: CompiledPolicy): string {
  const was = sayRule(held, catalogue);
  const is = sayRule(rule, catalogue);
  return was === is
    ? `${is}; its circumstances are now worded differently (line ${rule.line})`
    : `was: ${was}; now: ${is}`;
}
