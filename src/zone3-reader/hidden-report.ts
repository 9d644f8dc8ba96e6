import type { Findings, Severity } from './findings.ts';
import { excerpt } from './findings.ts';
import type { HiddenKind, HiddenRun } from './hidden-runs.ts';

/** Score from which hidden text is an attack by itself. */
const HOSTILE = 0.3;
const PREHEADER_CHARS_MAX = 400;
/** Kinds that every newsletter has: reported only when they speak to a machine. */
const EVERYDAY: ReadonlySet<HiddenKind> = new Set([
  'conditional',
  'attribute',
  'title',
  'header',
  'invisible',
  'alternative',
  'member',
]);
/** Kinds that honest chats have as well. */
const ORDINARY: ReadonlySet<HiddenKind> = new Set(['spoiler', 'fallback', 'callback']);
const NAMES: Readonly<Record<HiddenKind, string>> = {
  text: 'hidden_text',
  comment: 'hidden_comment',
  conditional: 'hidden_comment',
  attribute: 'hidden_attribute',
  title: 'hidden_title',
  mime: 'hidden_mime_text',
  plain: 'hidden_plain_text',
  invisible: 'hidden_invisible',
  alternative: 'hidden_alternative',
  header: 'hidden_header',
  spoiler: 'hidden_spoiler',
  fallback: 'hidden_fallback',
  callback: 'hidden_callback',
  member: 'hidden_member',
};

/** One finding for each run that was taken out and that a person should know of. */
export function reportHidden(runs: readonly HiddenRun[], scores: readonly number[], findings: Findings): void {
  const comments: HiddenRun[] = [];
  for (const [index, run] of runs.entries()) {
    const hostile = (scores[index] ?? 0) >= HOSTILE;
    if (!hostile && EVERYDAY.has(run.kind)) continue;
    if (!hostile && run.kind === 'comment') {
      comments.push(run);
      continue;
    }
    const preheader = !hostile && run.kind === 'text' && run.at === 0 && run.text.length <= PREHEADER_CHARS_MAX;
    const rule = preheader ? 'hidden_preheader' : NAMES[run.kind];
    const severity: Severity = hostile ? 'high' : preheader ? 'info' : ORDINARY.has(run.kind) ? 'low' : 'medium';
    findings.add(rule, severity, `${run.how}: ${excerpt(run.text, 110)}`, {
      part: 'removed',
      start: run.at,
      end: run.at + run.text.length,
    });
  }
  const first = comments[0];
  if (first !== undefined) {
    const count = comments.length === 1 ? 'a comment' : `${comments.length} comments, the first`;
    findings.add('hidden_comment', 'info', `${count}: ${excerpt(first.text, 110)}`, {
      part: 'removed',
      start: first.at,
      end: first.at + first.text.length,
    });
  }
}
