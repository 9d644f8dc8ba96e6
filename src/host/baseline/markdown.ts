import { draw, type Verdict } from './evidence.ts';
import type { Baseline, BaselineEntry } from './look.ts';

export const FIRST_LINE = '# Security baseline';
const WORDS: Readonly<Record<Verdict, string>> = { pass: 'pass', fail: 'FAIL', cannot_tell: 'cannot tell' };

export function nameVerdict(verdict: Verdict): string {
  return WORDS[verdict];
}

/** The baseline as a document of its owner. Everything that the machine said stands between backticks, drawn. */
export function renderBaseline(baseline: Baseline, { takenAt, version }: { takenAt: Date; version: string }): string {
  const { subject, counts, entries, systemName } = baseline;
  const user = `${subject.user.name === '' ? 'no name' : subject.user.name} (uid ${subject.user.uid})`;
  const lines = [
    FIRST_LINE,
    '',
    `Taken ${takenAt.toISOString()} by \`hardshell baseline\` ${version} on \`${systemName}\`, run by \`${draw(user, 80)}\`,`,
    `for the instance in \`${draw(subject.home, 160)}\`. What each item means and how it is judged: \`docs/security-baseline.md\`.`,
    '',
    `**${counts.pass} pass, ${counts.fail} fail, ${counts.cannot_tell} cannot be told.** What could not be read is never counted as a pass.`,
    '',
    '| item | verdict |',
    '|---|---|',
    ...entries.map(({ title, verdict }) => `| ${title} | ${WORDS[verdict]} |`),
    ...entries.flatMap(renderEntry),
  ];
  return `${lines.join('\n')}\n`;
}

function renderEntry({ title, verdict, found, evidence, remedy }: BaselineEntry): string[] {
  return [
    '',
    `## ${title}: ${WORDS[verdict]}`,
    '',
    `${capital(drawSentence(found))}.`,
    ...(remedy === '' ? [] : ['', `To do: ${drawSentence(remedy)}.`]),
    ...(evidence.length === 0 ? [] : ['']),
    ...evidence.map(({ source, said }) => `- \`${source}\`: \`${said === '' ? '(nothing)' : said}\``),
  ];
}

/** Our sentence: names in it were drawn when they were put between backticks, and what is outside may be no markup. */
function drawSentence(text: string): string {
  return text
    .split('`')
    .map((part, i) => (i % 2 === 1 ? part : part.replaceAll(/[<>*[\]]/g, (mark) => `&#${mark.charCodeAt(0)};`)))
    .join('`')
    .replaceAll(/[^ -~]/g, '?');
}

function capital(sentence: string): string {
  return sentence.slice(0, 1).toUpperCase() + sentence.slice(1);
}
