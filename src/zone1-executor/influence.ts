import type { InfluenceSpan } from '../contracts/index.ts';

/** Characters that must stand together, verbatim, before a stretch counts as taken from a source. */
const RUN = 16;
/** Shorter texts are compared whole; below this everything would match. */
const SHORTEST = 4;

/**
 * Stretches of `text` that stand verbatim in one of `sources`, first source first; offsets in UTF-16 units.
 * Linear in the lengths: each source is cut into overlapping runs of fixed length.
 */
export function influenceSpans(text: string, sources: readonly string[]): InfluenceSpan[] {
  const spans: InfluenceSpan[] = [];
  const taken = new Uint8Array(text.length);
  sources.forEach((source, index) => {
    if (text.length < RUN) {
      if (text.length >= SHORTEST && source.includes(text) && taken[0] === 0) {
        taken.fill(1);
        spans.push({ start: 0, end: text.length, source: index });
      }
      return;
    }
    const covered = coveredBy(text, runsOf(source));
    let start = -1;
    for (let i = 0; i <= text.length; i++) {
      const inside = i < text.length && covered[i] === 1 && taken[i] === 0;
      if (inside && start < 0) start = i;
      if (!inside && start >= 0) {
        spans.push({ start, end: i, source: index });
        taken.fill(1, start, i);
        start = -1;
      }
    }
  });
  return spans.sort((a, b) => a.start - b.start);
}

function runsOf(source: string): Set<string> {
  const runs = new Set<string>();
  for (let i = 0; i + RUN <= source.length; i++) runs.add(source.slice(i, i + RUN));
  return runs;
}

function coveredBy(text: string, runs: ReadonlySet<string>): Uint8Array {
  const covered = new Uint8Array(text.length);
  for (let i = 0; i + RUN <= text.length; i++) {
    if (runs.has(text.slice(i, i + RUN))) covered.fill(1, i, i + RUN);
  }
  return covered;
}
