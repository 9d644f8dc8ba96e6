import { CONFUSABLES } from './confusables-table.ts';
import { lazy } from './lazy.ts';

/** Letter to the ASCII text that it looks like. */
const table = lazy(() => readTable(CONFUSABLES));
const ASCII = /^[\x20-\x7e\n\t]*$/;
const LATIN = /\p{Script=Latin}/u;
const OTHER =
  /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Coptic}\p{Script=Lisu}\p{Script=Deseret}]/u;
/** Where those scripts may stand. What is typed between Latin words (dashes, quotes, euro signs) lies in the gap. */
const BEYOND_LATIN = /[\u0370-\u1FFF\u2126-\uFFFF]/;
const WORD = /[\p{L}\p{M}\p{N}]+/gu;

/**
 * The Latin text that `text` looks like (Unicode TR39 prototypes, the ones that are ASCII letters). For comparing and
 * scanning only, never to be shown. Text in one script stays what it is: Cyrillic words are not Latin ones.
 */
export function latinSkeleton(text: string): string {
  if (!hasOther(text)) return text;
  return text.replace(WORD, (word) => (isMixedScript(word) || isWhollyConfusable(word) ? toLatin(word) : word));
}

/** True when one word mixes Latin letters with look-alikes of other scripts. */
export function isMixedScript(word: string): boolean {
  return !ASCII.test(word) && OTHER.test(word) && LATIN.test(word);
}

/** Words of `text` that mix scripts, at most `max`. */
export function mixedScriptWords(text: string, max: number): { word: string; at: number }[] {
  const found: { word: string; at: number }[] = [];
  if (!hasOther(text) || !LATIN.test(text)) return found;
  for (const match of text.matchAll(WORD)) {
    if (!isMixedScript(match[0])) continue;
    found.push({ word: match[0], at: match.index });
    if (found.length >= max) break;
  }
  return found;
}

function hasOther(text: string): boolean {
  return BEYOND_LATIN.test(text) && OTHER.test(text);
}

/** Every letter has a Latin double and the word is long: written to be read as Latin. */
function isWhollyConfusable(word: string): boolean {
  if (ASCII.test(word) || word.length < 3) return false;
  for (const char of word) if (char > '~' && latinOf(char) === char) return false;
  return true;
}

function toLatin(word: string): string {
  let out = '';
  for (const char of word) out += char > '~' ? latinOf(char) : char;
  return out;
}

/** Letters that TR39 maps to something else or leaves alone, and that stand for Latin ones in practice. */
const EXTRA: Readonly<Record<string, string | undefined>> = {
  к: 'k', К: 'K', п: 'n', т: 't', Т: 'T', м: 'm', М: 'M', в: 'b', н: 'h', Н: 'H', г: 'r', и: 'u', я: 'r', л: 'n', д: 'd',
  α: 'a', β: 'b', ε: 'e', η: 'n', ι: 'i', κ: 'k', ν: 'v', ο: 'o', ρ: 'p', σ: 'o', τ: 't', υ: 'u', χ: 'x', ω: 'w', γ: 'y',
}; // prettier-ignore

function latinOf(char: string): string {
  const mapped = EXTRA[char] ?? table().get(char);
  if (mapped === undefined) return char;
  return mapped === 'l' && /\p{Lu}/u.test(char) ? 'I' : mapped;
}

function readTable(source: string): ReadonlyMap<string, string> {
  const letters = new Map<string, string>();
  for (const group of source.split(' ')) {
    const looks = /^[!-~]+/.exec(group)?.[0] ?? '';
    for (const letter of group.slice(looks.length)) letters.set(letter, looks);
  }
  return letters;
}
