import type { InfluenceSpan } from '../contracts/index.ts';

/** A stretch of one text and the sources (numbers from 1, rising) in which it stands word for word. */
export interface Run {
  readonly text: string;
  readonly sources: readonly number[];
}

/**
 * `text` cut where influence begins or ends. Joined, the runs are `text` again: marks never hide or reorder anything.
 * Spans that pass the ends are clipped, a span that would split a character takes all of it.
 */
export function cutRuns(text: string, spans: readonly InfluenceSpan[]): readonly Run[] {
  const whole = spans
    .map((span) => ({ start: outward(text, span.start, -1), end: outward(text, span.end, 1), source: span.source + 1 }))
    .filter((span) => span.end > span.start);
  const cuts = [...new Set([0, text.length, ...whole.flatMap((span) => [span.start, span.end])])].sort((a, b) => a - b);
  const runs: Run[] = [];
  for (const [i, start] of cuts.entries()) {
    const end = cuts[i + 1];
    if (end === undefined || end === start) continue;
    const inside = whole.filter((span) => span.start <= start && span.end >= end).map((span) => span.source);
    const sources = [...new Set(inside)].sort((a, b) => a - b);
    const last = runs.at(-1);
    const piece = text.slice(start, end);
    if (last !== undefined && last.sources.join() === sources.join())
      runs[runs.length - 1] = { text: last.text + piece, sources };
    else runs.push({ text: piece, sources });
  }
  return runs;
}

/** Runs of each line of a text: the runs of the whole, cut again at line feeds, which are left out. */
export function cutLines(text: string, spans: readonly InfluenceSpan[]): readonly (readonly Run[])[] {
  const lines: Run[][] = [[]];
  for (const run of cutRuns(text, spans)) {
    for (const [i, piece] of run.text.split('\n').entries()) {
      if (i > 0) lines.push([]);
      if (piece !== '') lines.at(-1)?.push({ text: piece, sources: run.sources });
    }
  }
  return lines;
}

/** The offset, clipped, and moved out of the middle of a surrogate pair. */
function outward(text: string, offset: number, direction: -1 | 1): number {
  const at = Math.max(0, Math.min(text.length, Math.trunc(offset)));
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at);
  const splits = before >= 0xd800 && before < 0xdc00 && after >= 0xdc00 && after < 0xe000;
  return splits ? at + direction : at;
}
