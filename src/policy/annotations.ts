import { APPROVALS, LIMITS, type ApprovalRule, type Rate } from '../contracts/index.ts';
import { isObject } from './json.ts';
import type { PermitTerms } from './obligations.ts';

/** The annotations of one rule, or what is wrong with them. */
export type Annotations =
  | { readonly kind: 'terms'; readonly id: string | null; readonly terms: PermitTerms }
  | { readonly kind: 'wrong'; readonly message: string };

const SAYS_NOTHING: PermitTerms = { approval: null, rates: [], delayMs: 0 };
const RULE_NAME = /^[A-Za-z0-9][A-Za-z0-9 _.,'()-]{0,79}$/;

/**
 * Reads `@id`, `@approval`, `@rate` and `@delay` from the JSON form of a rule.
 * INVARIANT: an annotation that is not understood in full refuses the rule; none is ever passed over.
 */
export function parseAnnotations(effect: 'permit' | 'forbid', annotations: unknown): Annotations {
  const entries = isObject(annotations) ? Object.entries(annotations) : [];
  let id: string | null = null;
  let terms = SAYS_NOTHING;
  for (const [name, value] of entries) {
    if (name !== 'id' && effect === 'forbid')
      return wrong(`\`@${name}\` says nothing on a forbid; only \`@id\` may stand there`);
    const read = readOne(name, typeof value === 'string' ? value : '');
    if (typeof read === 'string') return wrong(read);
    if (read.id !== undefined) id = read.id;
    terms = { ...terms, ...read.terms };
  }
  return { kind: 'terms', id, terms };
}

type ReadOne = { readonly id?: string; readonly terms?: Partial<PermitTerms> } | string;

function readOne(name: string, value: string): ReadOne {
  switch (name) {
    case 'id':
      return RULE_NAME.test(value)
        ? { id: value }
        : `\`@id\` must be a short plain name such as \`@id("reply to contacts")\``;
    case 'approval': {
      const approval = parseApproval(value);
      return approval === null
        ? `\`@approval\` must be one of ${APPROVALS.map((rule) => `"${rule}"`).join(', ')}`
        : { terms: { approval } };
    }
    case 'rate': {
      const rates = parseRates(value);
      return rates === null ? '`@rate` must look like "10/hour" or "120/hour, 1000 items/day"' : { terms: { rates } };
    }
    case 'delay': {
      const delayMs = parseDelay(value);
      return delayMs === null
        ? `\`@delay\` must look like "10s" and be at most ${LIMITS.outboxDelayMsMax.value / 1000} seconds`
        : { terms: { delayMs } };
    }
    default:
      return `unknown annotation \`@${name}\`; known are @id, @approval, @rate and @delay`;
  }
}

function wrong(message: string): Annotations {
  return { kind: 'wrong', message };
}

function parseApproval(value: string): ApprovalRule | null {
  return APPROVALS.find((rule) => rule === value) ?? null;
}

const WINDOWS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const RATE = /^([1-9]\d{0,5})(?: (acts|items))?\/(minute|hour|day)$/;

/** `120/hour, 1000 items/day`: counts of acts unless it says items. Null when it does not read so. */
export function parseRates(value: string): readonly Rate[] | null {
  const rates: Rate[] = [];
  for (const part of value.split(', ')) {
    const found = RATE.exec(part);
    const windowMs = WINDOWS[found?.[3] ?? ''];
    if (found === null || windowMs === undefined) return null;
    const unit = found[2] === 'items' ? 'items' : 'acts';
    if (rates.some((rate) => rate.unit === unit && rate.windowMs === windowMs)) return null;
    rates.push({ count: Number(found[1]), unit, windowMs });
  }
  return rates;
}

function parseDelay(value: string): number | null {
  const seconds = /^(0|[1-9]\d{0,3})s$/.exec(value)?.[1];
  if (seconds === undefined) return null;
  const ms = Number(seconds) * 1000;
  return ms <= LIMITS.outboxDelayMsMax.value ? ms : null;
}
