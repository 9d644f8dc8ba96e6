import type { ExtractFinding } from '../contracts/index.ts';
import { EXTRACT_LIMITS } from '../contracts/index.ts';
import { withholdInText } from './links/sign-in.ts';
import { cleanLine } from './text/clean.ts';
import { withholdCodes } from './text/codes.ts';

export type Severity = ExtractFinding['severity'];
export type SpanPart = ExtractFinding['span']['part'];
export type Span = ExtractFinding['span'];

const SEVERITY_ORDER: readonly Severity[] = ['high', 'medium', 'low', 'info'];
/** One rule may not fill the list by itself. */
const PER_RULE_MAX = 20;
const HELD_MAX = 2_000;

/** Collects evidence while a message is read. Order: gravest first, then as found. */
export class Findings {
  readonly #held: ExtractFinding[] = [];
  readonly #perRule = new Map<string, number>();
  #dropped = 0;

  /** Adds a finding. `why` may hold hostile text: it is cleaned and cut here. */
  add(rule: string, severity: Severity, why: string, span: Span = { part: 'message', start: 0, end: 0 }): void {
    const seen = this.#perRule.get(rule) ?? 0;
    this.#perRule.set(rule, seen + 1);
    if (seen >= PER_RULE_MAX || this.#held.length >= HELD_MAX) {
      this.#dropped += 1;
      return;
    }
    this.#held.push({ rule, severity, span, why: cleanLine(why, EXTRACT_LIMITS.findingWhyCharsMax) });
  }

  has(rule: string): boolean {
    return this.#perRule.has(rule);
  }

  /** At most `EXTRACT_LIMITS.findingsMax`, gravest first; a last one tells how many more there were. */
  list(): ExtractFinding[] {
    const sorted = SEVERITY_ORDER.flatMap((severity) => this.#held.filter((finding) => finding.severity === severity));
    const over = sorted.length - EXTRACT_LIMITS.findingsMax;
    const dropped = this.#dropped + Math.max(0, over + 1);
    if (over <= 0 && this.#dropped === 0) return sorted;
    return [
      ...sorted.slice(0, EXTRACT_LIMITS.findingsMax - 1),
      {
        rule: 'more_findings',
        severity: 'info',
        span: { part: 'message', start: 0, end: 0 },
        why: `${over <= 0 ? this.#dropped : dropped} further findings are not listed`,
      },
    ];
  }
}

/** Characters before the cut that are searched for codes and links. */
const SEARCHED = 2_000;

/** Shows hostile text inside a `why`: codes and sign-in links withheld as in the body, cleaned, cut, quoted. */
export function excerpt(text: string, max = 80): string {
  const shown = withholdInText(withholdCodes(text.slice(0, SEARCHED)).text);
  const clean = cleanLine(shown, max + 1);
  return clean.length > max ? `"${clean.slice(0, max)}..."` : `"${clean}"`;
}
