import type { Extract } from '../../contracts/index.ts';

/** Longest summary in characters. */
export const SUMMARY_CHARS_MAX = 280;
/** A message is read no further than this for a summary; the whole is at most 10 000 characters. */
const SENTENCES_MAX = 200;

/** What the sender wrote: without quoted lines, the line that introduces them, and the signature. */
export function ownWords(body: string): string {
  const lines = body.split('\n');
  const signature = lines.findIndex((line) => line === '-- ' || line === '--');
  const kept = signature < 0 ? lines : lines.slice(0, signature);
  return kept
    .filter(
      (line, at) => !line.startsWith('>') && !(line.trimEnd().endsWith(':') && (kept[at + 1] ?? '').startsWith('>')),
    )
    .join('\n')
    .trim();
}

/** Sentences in order. A blank line ends one as a full stop does. */
export function sentences(text: string): readonly string[] {
  return text
    .split(/(?<=[.!?…؟])\s+|(?<=[。？！])\s*|\n\s*\n/u)
    .map((sentence) => sentence.replaceAll(/\s+/g, ' ').trim())
    .filter((sentence) => /\p{L}{2}/u.test(sentence))
    .slice(0, SENTENCES_MAX);
}

/**
 * An extract of the message in the sender's own words: the sentences that share most words with the rest, the first
 * ones weighted up, put back in their order. The result is as hostile as the message.
 */
export function summarise(message: Extract): string {
  const all = sentences(ownWords(message.body));
  if (all.length === 0) return clip(message.subject, SUMMARY_CHARS_MAX);
  const weight = wordWeights([message.subject, ...all].join(' '));
  const ranked = all
    .map((sentence, at) => ({ sentence, at, score: scoreOf(sentence, weight) * (1 + 1 / (1 + at)) }))
    .sort((a, b) => b.score - a.score || a.at - b.at);
  const chosen: typeof ranked = [];
  let length = 0;
  for (const candidate of ranked) {
    if (chosen.length === 3) break;
    if (length + candidate.sentence.length + 1 > SUMMARY_CHARS_MAX && chosen.length > 0) continue;
    chosen.push(candidate);
    length += candidate.sentence.length + 1;
  }
  chosen.sort((a, b) => a.at - b.at);
  return clip(chosen.map((each) => each.sentence).join(' '), SUMMARY_CHARS_MAX);
}

/** First sentence of the sender's own words that asks something, or null. */
export function firstQuestion(message: Extract): string | null {
  const question = sentences(ownWords(message.body)).find((sentence) => asks(sentence));
  return question === undefined ? null : clip(question, SUMMARY_CHARS_MAX);
}

/** A question mark of any script, or the closing particle that Japanese uses in place of one. */
export function asks(sentence: string): boolean {
  return /([?？؟՞፧]|か。)["”»)]*$/u.test(sentence);
}

/** The text cut to `max` characters, never through a surrogate pair; a cut is shown. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/u, '')}…`;
}

function wordWeights(text: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const word of words(text)) weights.set(word, (weights.get(word) ?? 0) + 1);
  return weights;
}

function scoreOf(sentence: string, weight: ReadonlyMap<string, number>): number {
  const found = [...new Set(words(sentence))];
  // Longer sentences hold more words by their length alone; the root takes most of that away.
  return found.reduce((sum, word) => sum + (weight.get(word) ?? 0), 0) / Math.sqrt(found.length + 4);
}

function words(text: string): readonly string[] {
  return text.toLowerCase().match(/\p{L}{4,}/gu) ?? [];
}
