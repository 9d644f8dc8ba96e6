import { lazy } from '../text/lazy.ts';
import { matchesOf } from '../text/matches.ts';
import type { Concept, Lexicon } from './concepts.ts';
import { BIT, CONCEPTS } from './concepts.ts';
import { Tokens } from './tokens.ts';
import { CHINESE, JAPANESE, RUSSIAN } from './lexicon-east.ts';
import { DUTCH, ENGLISH, FRENCH, GERMAN, ITALIAN, PORTUGUESE, SPANISH } from './lexicon-west.ts';

/** A word of the text that stands for one or more concepts. */
export interface Hit {
  /** Bits of `BIT`. */
  readonly mask: number;
  readonly start: number;
  readonly end: number;
  /** Counts up at each end of a sentence. */
  readonly sentence: number;
  /** First word of its sentence, politeness aside. */
  readonly leads: boolean;
}

interface Stem {
  readonly text: string;
  readonly mask: number;
}

const STEM_KEY = 3;
const COMPOUND = /[-_']/;
const NOT_ASCII = /[\u0080-\uFFFF]/;
const { exact: EXACT, stems: STEMS } = buildWords([
  ENGLISH,
  GERMAN,
  FRENCH,
  SPANISH,
  ITALIAN,
  PORTUGUESE,
  DUTCH,
  RUSSIAN,
]);
const unspaced = lazy(() => buildUnspaced([CHINESE, JAPANESE]));
/** Where the scripts without blanks begin: asked first, since it is one comparison a character. */
const FAR = /[\u2E80-\uFFFF]/;
const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
const POLITE: ReadonlySet<string> = new Set(
  "please bitte kindly hey hi hello now and then so ok okay also just but instead finally simply favor por per s'il vous plait alsjeblieft пожалуйста".split(
    ' ',
  ),
);

/** What a text says, in concepts, and which words it says it with. */
export interface Heard {
  readonly hits: readonly Hit[];
  /** Every word once, lower case, without marks; parts of hyphenated words as well. With the bits of its concepts. */
  readonly words: ReadonlyMap<string, number>;
  readonly ascii: boolean;
  /** Every run of letters of the text is in `words`, and all of them are ASCII. */
  readonly complete: boolean;
}

/** Finds the concepts of `text` in order. One pass; a word costs a look-up, and its first time two or three. */
export function hear(text: string): Heard {
  const hits: Hit[] = [];
  const words = new Map<string, number>();
  const ascii = !NOT_ASCII.test(text);
  const source = ascii ? text.toLowerCase() : text;
  /** Words as they stand, so that each is folded once. */
  const known = ascii ? words : new Map<string, number>();
  const tokens = new Tokens(text);
  let sentence = 0;
  let leading = true;
  let plain = true;
  for (let kind = tokens.next(); kind !== null; kind = tokens.next()) {
    if (kind === 'stop') {
      sentence += 1;
      leading = true;
    } else if (kind === 'colon') leading = true;
    else if (kind === 'target') {
      hits.push({ mask: BIT.target, start: tokens.start, end: tokens.end, sentence, leads: false });
      leading = false;
    } else {
      const { start, end } = tokens;
      const written = source.slice(start, end);
      let mask = known.get(written);
      if (mask === undefined) {
        plain &&= ascii || !NOT_ASCII.test(written);
        mask = learn(ascii ? written : fold(written), words);
        known.set(written, mask);
      }
      if (mask !== 0) hits.push({ mask, start, end, sentence, leads: leading });
      if (leading && !POLITE.has(ascii ? written : fold(written))) leading = false;
    }
  }
  return {
    hits: !ascii && FAR.test(text) && CJK.test(text) ? mergeUnspaced(text, hits) : hits,
    words,
    ascii,
    complete: plain && tokens.complete,
  };
}

function learn(word: string, words: Map<string, number>): number {
  const mask = maskOf(word);
  words.set(word, mask);
  if (COMPOUND.test(word)) for (const part of word.split(COMPOUND)) if (!words.has(part)) words.set(part, maskOf(part));
  return mask;
}

function maskOf(word: string): number {
  const mask = maskOfPart(word);
  if (mask !== 0 || !word.includes('-') || word.length > 40) return mask;
  return word.split('-').reduce((joined, part) => joined | maskOfPart(part), 0);
}

function maskOfPart(word: string): number {
  let mask = EXACT.get(word) ?? 0;
  const stems = STEMS.get(word.slice(0, STEM_KEY));
  if (stems !== undefined) for (const stem of stems) if (word.startsWith(stem.text)) mask |= stem.mask;
  return mask;
}

function fold(word: string): string {
  const lower = word.toLowerCase().replace(/’/g, "'");
  return NOT_ASCII.test(lower) ? lower.normalize('NFD').replace(/\p{M}/gu, '') : lower;
}

/** Words of languages without blanks are sought inside the text; sentences follow their own full stops. */
function mergeUnspaced(text: string, spaced: readonly Hit[]): Hit[] {
  const ends = [...text.matchAll(/[。！？；\n.!?]/g)].map((match) => match.index);
  const found: Hit[] = [];
  let at = 0;
  const { pattern, masks } = unspaced();
  for (const match of matchesOf(pattern, text)) {
    while (at < ends.length && (ends[at] ?? 0) < match.index) at += 1;
    const mask = masks.get(match[0]) ?? 0;
    found.push({ mask, start: match.index, end: match.index + match[0].length, sentence: at, leads: false });
  }
  if (found.length === 0) return [...spaced];
  let next = 0;
  const renumbered = spaced.map((hit) => {
    while (next < ends.length && (ends[next] ?? 0) < hit.start) next += 1;
    return { ...hit, sentence: next };
  });
  return [...renumbered, ...found].sort((x, y) => x.start - y.start);
}

function buildWords(lexicons: readonly Lexicon[]): {
  exact: ReadonlyMap<string, number>;
  stems: ReadonlyMap<string, Stem[]>;
} {
  const exact = new Map<string, number>();
  const stems = new Map<string, Stem[]>();
  for (const [concept, word] of wordsOf(lexicons)) {
    if (!word.endsWith('*')) {
      exact.set(word, (exact.get(word) ?? 0) | BIT[concept]);
      continue;
    }
    const text = word.slice(0, -1);
    const key = text.slice(0, STEM_KEY);
    const list = stems.get(key) ?? [];
    list.push({ text, mask: BIT[concept] });
    stems.set(key, list);
  }
  return { exact, stems };
}

function buildUnspaced(lexicons: readonly Lexicon[]): { pattern: RegExp; masks: ReadonlyMap<string, number> } {
  const masks = new Map<string, number>();
  for (const [concept, word] of wordsOf(lexicons)) masks.set(word, (masks.get(word) ?? 0) | BIT[concept]);
  const longestFirst = [...masks.keys()].sort((x, y) => y.length - x.length);
  return { pattern: new RegExp(longestFirst.join('|'), 'gu'), masks };
}

function wordsOf(lexicons: readonly Lexicon[]): [Concept, string][] {
  return lexicons.flatMap((lexicon) =>
    CONCEPTS.flatMap((concept) =>
      (lexicon[concept] ?? '')
        .split(' ')
        .filter(Boolean)
        .map((word): [Concept, string] => [concept, fold(word)]),
    ),
  );
}
