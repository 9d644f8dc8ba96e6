import type { ApprovalRule, Decision, Obligations, Rate, RedMark } from '../contracts/index.ts';
import type { Catalogue } from './catalogue.ts';
import { named } from './floor.ts';
import type { Rule } from './rules.ts';
import { ACTION_GROUPS } from './schema.ts';

/** Decisions and rules in plain words. What came from outside is only ever counted here, never quoted. */
export function sayDecision(decision: Decision): string {
  if (decision.kind === 'deny') return `denied: ${decision.reason}`;
  const red = decision.red.length === 0 ? '' : `; red, because ${andList(decision.red.map(sayMark))}`;
  return `allowed by ${named(decision.rules)}, ${sayObligations(decision.obligations)}${red}`;
}

export function sayObligations({ approval, rates, delayMs }: Obligations): string {
  const parts = [sayApproval(approval), ...rates.map(sayRate)];
  if (delayMs > 0) parts.push(`${delayMs / 1000} s in the outbox before it leaves`);
  return parts.join(', ');
}

const APPROVAL_WORDS: Readonly<Record<ApprovalRule, string>> = {
  none: 'without asking you',
  owner: 'after you approve',
  passkey: 'after you approve with a passkey',
  '2-of-3': 'after two of three approvers approve',
};

function sayApproval(approval: ApprovalRule): string {
  return APPROVAL_WORDS[approval];
}

const WINDOW_WORDS: ReadonlyMap<number, string> = new Map([
  [60_000, 'a minute'],
  [3_600_000, 'an hour'],
  [86_400_000, 'a day'],
]);

function sayRate({ count, unit, windowMs }: Rate): string {
  const what = unit === 'items' ? `${count} items` : `${count}`;
  return `at most ${what} ${WINDOW_WORDS.get(windowMs) ?? `in ${windowMs / 1000} s`}`;
}

function sayMark(mark: RedMark): string {
  switch (mark.kind) {
    case 'flow':
      return `content of ${counted(mark.sources, 'private message')} would reach ${counted(mark.recipients.length, 'destination')} that did not have it`;
    case 'untrusted_destination':
      return `something from outside chose the destination in \`${mark.role}\``;
    case 'injection_warning':
      return `${counted(mark.sources, 'message')} that it has read tried to give orders`;
    /* v8 ignore next 2 -- unreachable: every kind stands above, and the compiler says so */
    default:
      return mark satisfies never;
  }
}

/** One rule: what it does, to which actions, and under what terms. */
export function sayRule(rule: Rule, catalogue: Catalogue): string {
  const what = `${rule.effect === 'permit' ? 'permits' : 'forbids'} ${sayActions(rule, catalogue)}${rule.conditional ? ' in some circumstances' : ''}`;
  if (rule.effect === 'forbid') return what;
  const outbound = [...rule.actions].some((action) => catalogue.get(action)?.effect === 'outbound');
  const approval = rule.terms.approval ?? (outbound ? 'owner' : 'none');
  return `${what}, ${sayObligations({ ...rule.terms, approval })}`;
}

function sayActions({ actions }: Rule, catalogue: Catalogue): string {
  if (actions.size === catalogue.size) return 'every action';
  const group = ACTION_GROUPS.find((effect) => {
    const names = [...catalogue].flatMap(([name, entry]) => (entry.effect === effect ? [name] : []));
    return names.length === actions.size && names.every((name) => actions.has(name));
  });
  if (group !== undefined) return `every ${group} action`;
  return actions.size === 0 ? 'nothing' : andList([...actions].map((name) => `\`${name}\``));
}

/** Text that may come from outside, in plain ASCII between quotes, so that nothing in it can imitate our words. */
export function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[^\u0020-\u007e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

export function andList(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.slice(-1).join('')}`;
}
