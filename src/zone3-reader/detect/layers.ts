import { decodeBase64 } from '../mime/encoding.ts';
import { latinSkeleton } from '../text/confusables.ts';
import { matchesOf } from '../text/matches.ts';
import type { Heard } from './hits.ts';
import { shapeOf } from './shape.ts';

/** The same text read another way. */
export interface Layer {
  readonly how: string;
  readonly text: string;
  /** Where in the source it stands, as far as that can be told. */
  readonly start: number;
  readonly end: number;
}

const LAYER_CHARS_MAX = 6_000;
const RUNS_MAX = 40;
const LEET_WORDS_MIN = 3;
const BASE64_RUN = /[A-Za-z0-9+/_-]{20,4096}(?:\s?[A-Za-z0-9+/_-]{16,4096}){0,60}={0,2}/g;
const HEX_RUN = /(?:(?:0x|\\x)?[0-9a-fA-F]{2}[\s,:-]{0,2}){14,3000}/g;
const BITS_RUN = /(?:[01]{8}\s{0,2}){6,2000}/g;
const PERCENT_RUN = /(?:[^\s%]{0,8}%[0-9a-fA-F]{2}){6,2000}[^\s]{0,20}/g;
const ENTITY_RUN = /(?:&#x?[0-9a-fA-F]{2,6};\s?){5,2000}/g;
const ESCAPE_RUN = /(?:[^\\\n]{0,4}\\u\{?[0-9a-fA-F]{2,6}\}?){5,2000}/g;
const SPACED_RUN = /(?:(?<![\p{L}\p{N}])[\p{L}\p{N}][ \t.\-_*|/]{1,3}){8,2000}[\p{L}\p{N}](?![\p{L}\p{N}])/gu;
const LEET_WORD =
  /(?<![\w@/.$€])(?=[a-z0-9$@!|€+]*[a-z])(?=[a-z0-9$@!|€+]*[0-9$@!|€+])[a-z0-9$@!|€+]{2,24}(?![\w@/])/gi;
const LEET: Readonly<Record<string, string | undefined>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
  '9': 'g',
  '6': 'g',
  '€': 'e',
  '+': 't',
  $: 's',
  '@': 'a',
  '!': 'i',
  '|': 'l',
};
const ROT13 = 'vtaber cerivbhf vafgehpgvba vafgehpgvbaf cebzcg lbhe nffvfgnag flfgrz fraq sbejneq cnffjbeq'.split(' ');
const REVERSED = 'erongi suoiverp snoitcurtsni noitcurtsni tpmorp tnatsissa drawrof drowssap metsys'.split(' ');
const ROT13_WORDS = wholeWords(ROT13);
const REVERSED_WORDS = wholeWords(REVERSED);

/** Every other reading of `text` that looks like writing again. `heard` is what `hear` answers. Linear in its length. */
export function readLayers(text: string, heard: Heard): Layer[] {
  const layers: Layer[] = [];
  const skeleton = heard.ascii ? text : latinSkeleton(text);
  if (skeleton !== text) layers.push(whole('look-alike letters', skeleton, text));
  const shape = shapeOf(text);
  if (shape.longRun >= 20) {
    if (shape.base64Run >= 20) decodeRuns(text, BASE64_RUN, 'base64', fromBase64, layers);
    if (shape.percents >= 6) decodeRuns(text, PERCENT_RUN, 'percent encoding', fromPercent, layers);
    if (text.includes('\\u')) decodeRuns(text, ESCAPE_RUN, 'escapes', fromEscapes, layers);
  }
  if (shape.digits >= 8) {
    if (shape.hexDigits >= 28) decodeRuns(text, HEX_RUN, 'hexadecimal', fromHex, layers);
    if (shape.bits >= 48) decodeRuns(text, BITS_RUN, 'bits', fromBits, layers);
    if (text.includes('&#')) decodeRuns(text, ENTITY_RUN, 'character references', fromEntities, layers);
  }
  if (shape.singles >= 8 && shape.singlesInRow >= 9) decodeRuns(text, SPACED_RUN, 'spaced letters', fromSpaced, layers);
  if (shape.mixedSigns >= LEET_WORDS_MIN) layers.push(...readLeet(text));
  if (mayHold(heard, ROT13) && countOf(text, ROT13_WORDS) >= 2) layers.push(whole('rot13', rot13(text), text));
  if (mayHold(heard, REVERSED) && countOf(text, REVERSED_WORDS) >= 1)
    layers.push(whole('reversed text', Array.from(text).toReversed().join(''), text));
  return layers;
}

/** False when none of `wanted` stands in the text; where the words are not all known, a pattern has to look. */
function mayHold(heard: Heard, wanted: readonly string[]): boolean {
  return !heard.complete || wanted.some((word) => heard.words.has(word));
}

/** Digits and signs read as letters, where several words mix them. */
export function readLeet(text: string): Layer[] {
  const leet = unleet(text);
  return leet === null ? [] : [whole('digits for letters', leet, text)];
}

function whole(how: string, text: string, source: string): Layer {
  return { how, text, start: 0, end: source.length };
}

function decodeRuns(
  text: string,
  pattern: RegExp,
  how: string,
  decode: (run: string) => string,
  layers: Layer[],
): void {
  for (const match of matchesOf(pattern, text, RUNS_MAX)) {
    const decoded = decode(match[0].slice(0, LAYER_CHARS_MAX * 2)).slice(0, LAYER_CHARS_MAX);
    if (isWriting(decoded)) layers.push({ how, text: decoded, start: match.index, end: match.index + match[0].length });
  }
}

/** Mostly letters and blanks, and some of both: binary junk fails, sentences pass. */
function isWriting(text: string): boolean {
  if (text.length < 8) return false;
  let letters = 0;
  let odd = 0;
  for (const char of text) {
    if (/[\p{L}\s]/u.test(char)) letters += 1;
    else if (!/[\p{N}\p{P}\p{S}]/u.test(char) || char === '\uFFFD') odd += 1;
  }
  return letters / text.length > 0.6 && odd / text.length < 0.05;
}

function fromBase64(run: string): string {
  const bytes = new Uint8Array(run.length);
  for (let i = 0; i < run.length; i++) bytes[i] = run.charCodeAt(i) & 0x7f;
  return new TextDecoder().decode(decodeBase64(bytes, LAYER_CHARS_MAX * 2));
}

function fromHex(run: string): string {
  const digits = run.replace(/0x|\\x|[^0-9a-fA-F]/g, '');
  const bytes: number[] = [];
  for (let i = 0; i + 1 < digits.length; i += 2) bytes.push(Number.parseInt(digits.slice(i, i + 2), 16));
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

function fromBits(run: string): string {
  const bits = run.replace(/\s/g, '');
  const bytes: number[] = [];
  for (let i = 0; i + 8 <= bits.length; i += 8) bytes.push(Number.parseInt(bits.slice(i, i + 8), 2));
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

function fromPercent(run: string): string {
  try {
    return decodeURIComponent(run).replace(/\+/g, ' ');
  } catch {
    return '';
  }
}

function fromEntities(run: string): string {
  return run.replace(/&#(x?)([0-9a-fA-F]{1,6});/g, (_, hex: string, digits: string) =>
    fromCode(Number.parseInt(digits, hex === '' ? 10 : 16)),
  );
}

function fromEscapes(run: string): string {
  return run.replace(/\\u\{?([0-9a-fA-F]{1,6})\}?/g, (_, digits: string) => fromCode(Number.parseInt(digits, 16)));
}

function fromCode(code: number): string {
  return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : '';
}

/** Wider gaps part words; where all gaps are alike the letters run together and are cut by the words we look for. */
function fromSpaced(run: string): string {
  const wide = /[ \t]{2,}|[ \t][-.|/*_]+[ \t]/.test(run);
  const joined = wide
    ? run
        .split(/[ \t]{2,}|[ \t][-.|/*_]+[ \t]/)
        .map((word) => word.replace(/[^\p{L}\p{N}]/gu, ''))
        .join(' ')
    : run.replace(/[^\p{L}\p{N}]/gu, '');
  return joined.toLowerCase().replace(KEYWORDS, ' $1 ');
}

const KEYWORDS =
  /(ignore|disregard|forget|override|previous|prior|above|instructions?|prompts?|system|assistant|send|forward|reveal|password|secret|the|your|user|tell|email|follow|must|all)/g;

/** The text with digits read as letters, or null when hardly any word mixes them. */
function unleet(text: string): string | null {
  let mixed = 0;
  const out = text.replace(LEET_WORD, (word) => {
    mixed += 1;
    return word.replace(/[01345678 9$@!|€+]/g, (char) => LEET[char] ?? char);
  });
  return mixed >= LEET_WORDS_MIN ? out : null;
}

function rot13(text: string): string {
  return text.replace(/[a-zA-Z]/g, (char) => {
    const base = char <= 'Z' ? 65 : 97;
    return String.fromCharCode(((char.charCodeAt(0) - base + 13) % 26) + base);
  });
}

function wholeWords(words: readonly string[]): RegExp {
  return new RegExp(`\\b(?:${words.join('|')})\\b`, 'gi');
}

function countOf(text: string, pattern: RegExp): number {
  return matchesOf(pattern, text).length;
}
