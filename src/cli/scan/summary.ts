import * as z from 'zod';
import { compareWorst, isAtLeast, LEVELS, type Row, type Threshold } from './row.ts';

/** Distinct rules that are counted by name: a reader that makes names up cannot fill memory. */
const RULES_MAX = 500;
const PROBLEMS_MAX = 100;

const count = z.number().int().min(0);
const level = z.enum(['none', 'info', 'low', 'medium', 'high']);
const severity = z.enum(['info', 'low', 'medium', 'high']);
const finding = z.strictObject({
  rule: z.string().max(64),
  severity,
  why: z.string().max(200),
  part: z.string().max(16),
  start: count,
  end: count,
});
const row = z.strictObject({
  channel: z.enum(['email', 'telegram', 'slack']),
  source: z.string(),
  number: count.nullable(),
  offset: count,
  bytes: count,
  level,
  failed: z
    .enum(['crashed', 'out_of_memory', 'timeout', 'refused', 'lying', 'too_large', 'too_deep', 'unreadable'])
    .nullable(),
  from: z.string(),
  subject: z.string(),
  date: z.string().nullable(),
  score: z.number(),
  warning: z.boolean(),
  hidden: count,
  links: count,
  attachments: z.array(z.string()).max(100),
  truncated: z.boolean(),
  findings: z.array(finding).max(100),
});

/** Counts over a scan, of bounded size; also kept in the progress file. */
export const summarySchema = z.strictObject({
  messages: count,
  bytes: count,
  hidden: count,
  attachments: count,
  truncated: count,
  warned: count,
  levels: z.strictObject({ none: count, info: count, low: count, medium: count, high: count }),
  failed: z.record(z.string().max(32), count),
  rules: z.record(z.string().max(64), z.strictObject({ severity, messages: count, findings: count })),
  problems: z.array(z.strictObject({ path: z.string(), sentence: z.string() })).max(PROBLEMS_MAX),
  problemsBeyond: count,
  worst: z.array(row).max(1_000),
});
export type Summary = z.infer<typeof summarySchema>;

export function emptySummary(): Summary {
  return {
    messages: 0,
    bytes: 0,
    hidden: 0,
    attachments: 0,
    truncated: 0,
    warned: 0,
    levels: { none: 0, info: 0, low: 0, medium: 0, high: 0 },
    failed: {},
    rules: {},
    problems: [],
    problemsBeyond: 0,
    worst: [],
  };
}

/** Takes a row in. `keep`: how many of the worst rows are remembered, of those at or above `threshold`. */
export function addRow(
  summary: Summary,
  added: Row,
  keep: { readonly threshold: Threshold; readonly top: number },
): void {
  summary.messages += 1;
  summary.bytes += added.bytes;
  summary.hidden += added.hidden;
  summary.attachments += added.attachments.length;
  summary.truncated += added.truncated ? 1 : 0;
  summary.warned += added.warning ? 1 : 0;
  summary.levels[added.level] += 1;
  if (added.failed !== null) summary.failed[added.failed] = (summary.failed[added.failed] ?? 0) + 1;
  countRules(summary, added);
  if (isAtLeast(added.level, keep.threshold)) keepWorst(summary.worst, added, keep.top);
}

export function addProblem(summary: Summary, problem: { readonly path: string; readonly sentence: string }): void {
  const isKnown = summary.problems.some((known) => known.path === problem.path && known.sentence === problem.sentence);
  // A resumed scan comes by the same inputs again.
  if (isKnown) return;
  if (summary.problems.length < PROBLEMS_MAX) summary.problems.push({ path: problem.path, sentence: problem.sentence });
  else summary.problemsBeyond += 1;
}

/** Messages at or above a level. */
export function countAtLeast(summary: Summary, threshold: Threshold): number {
  return LEVELS.filter((name) => isAtLeast(name, threshold)).reduce((sum, name) => sum + summary.levels[name], 0);
}

function countRules(summary: Summary, added: Row): void {
  const seen = new Set<string>();
  for (const { rule, severity: found } of added.findings) {
    const known = Object.hasOwn(summary.rules, rule) ? summary.rules[rule] : undefined;
    const name = known !== undefined || Object.keys(summary.rules).length < RULES_MAX ? rule : 'other';
    const entry = (Object.hasOwn(summary.rules, name) ? summary.rules[name] : undefined) ?? {
      severity: found,
      messages: 0,
      findings: 0,
    };
    entry.findings += 1;
    if (!seen.has(name)) entry.messages += 1;
    if (isAtLeast(found, entry.severity)) entry.severity = found;
    seen.add(name);
    summary.rules[name] = entry;
  }
}

/** Keeps the list sorted, worst first; equals stay in the order in which they came. */
function keepWorst(worst: Row[], added: Row, top: number): void {
  const last = worst.at(-1);
  if (worst.length >= top && (last === undefined || compareWorst(added, last) >= 0)) return;
  const at = worst.findIndex((kept) => compareWorst(added, kept) < 0);
  worst.splice(at < 0 ? worst.length : at, 0, {
    ...added,
    attachments: [...added.attachments],
    findings: [...added.findings],
  });
  if (worst.length > top) worst.pop();
}
