import type { InfluenceSpan } from '../contracts/index.ts';

/** Characters that must stand together, verbatim, before a stretch counts as taken from a source. */
const RUN = 16;
/** Shorter texts are compared whole; below this everything would match. */
const SHORTEST = 4;

/**
 * Stretches of `text` that stand verbatim in one of `sources`, first source first; offsets in UTF-16 units.
 * Linear in the lengths: the text is cut once into overlapping runs of fixed length, and each source is passed over
 * once. A session may have read thousands of messages, and every question of it comes through here.
 */
export function influenceSpans(text: string, sources: readonly string[]): InfluenceSpan[] {
  const spans: InfluenceSpan[] = [];
  if (text.length < RUN) {
    const source = text.length < SHORTEST ? -1 : sources.findIndex((one) => one.includes(text));
    return source < 0 ? [] : [{ start: 0, end: text.length, source }];
  }
  const runs = runsOf(text);
  const taken = new Uint8Array(text.length);
  sources.forEach((source, index) => {
    const covered = coveredBy(text.length, runs, source);
    if (covered === null) return;
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

interface Runs {
  /** Number of each different run. */
  readonly numbers: ReadonlyMap<string, number>;
  /** Number of the run that begins at each place of the text. */
  readonly at: Int32Array;
  /** One bit a hash of a run: most of a source is passed over without making a string. */
  readonly bits: Uint8Array;
}

function runsOf(text: string): Runs {
  const numbers = new Map<string, number>();
  const at = new Int32Array(text.length - RUN + 1);
  const bits = new Uint8Array(BITS / 8);
  eachHash(text, (i, hash) => {
    const run = text.slice(i, i + RUN);
    const number = numbers.get(run) ?? numbers.size;
    numbers.set(run, number);
    at[i] = number;
    bits[hash >>> 3] = (bits[hash >>> 3] ?? 0) | (1 << (hash & 7));
  });
  return { numbers, at, bits };
}

/** Which places of the text stand in `source`, or null when none does. */
function coveredBy(length: number, { numbers, at, bits }: Runs, source: string): Uint8Array | null {
  let found: Uint8Array | null = null;
  eachHash(source, (i, hash) => {
    if (((bits[hash >>> 3] ?? 0) & (1 << (hash & 7))) === 0) return;
    const number = numbers.get(source.slice(i, i + RUN));
    if (number === undefined) return;
    found ??= new Uint8Array(numbers.size);
    found[number] = 1;
  });
  return found === null ? null : spread(length, at, found);
}

function spread(length: number, at: Int32Array, found: Uint8Array): Uint8Array {
  const covered = new Uint8Array(length);
  let until = 0;
  for (let i = 0; i < length; i++) {
    if (found[at[i] ?? -1] === 1) until = i + RUN;
    if (i < until) covered[i] = 1;
  }
  return covered;
}

const BITS = 1 << 20;
const FACTOR = 0x01000193;
/** FACTOR to the power of RUN, in 32 bits. */
const LEAVING = Array.from({ length: RUN }).reduce<number>((power) => Math.imul(power, FACTOR), 1);

/** Calls `take` with the place and a 20-bit hash of every run of `text`; the hash rolls, so each costs the same. */
function eachHash(text: string, take: (at: number, hash: number) => void): void {
  let hash = 0;
  for (let i = 0; i < text.length; i++) {
    hash = (Math.imul(hash, FACTOR) + text.charCodeAt(i) + 1) | 0;
    if (i >= RUN) hash = (hash - Math.imul(LEAVING, text.charCodeAt(i - RUN) + 1)) | 0;
    if (i >= RUN - 1) take(i - RUN + 1, (hash ^ (hash >>> 15)) & (BITS - 1));
  }
}
