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
  // One sweep over begins and ends; how often each source holds at the moment.
  const edges = whole
    .flatMap(({ start, end, source }) => [
      { at: start, source, by: 1 },
      { at: end, source, by: -1 },
    ])
    .sort((a, b) => a.at - b.at);
  const holds = new Map<number, number>();
  const runs: Run[] = [];
  let from = 0;
  for (const { at, source, by } of [...edges, { at: text.length, source: 0, by: 0 }]) {
    if (at > from)
      addRun(
        runs,
        text.slice(from, at),
        [...holds.keys()].sort((a, b) => a - b),
      );
    from = at;
    const held = (holds.get(source) ?? 0) + by;
    if (held > 0) holds.set(source, held);
    else holds.delete(source);
  }
  return runs;
}

function addRun(runs: Run[], text: string, sources: readonly number[]): void {
  const last = runs.at(-1);
  if (last !== undefined && last.sources.join() === sources.join())
    runs[runs.length - 1] = { text: last.text + text, sources };
  else runs.push({ text, sources });
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
