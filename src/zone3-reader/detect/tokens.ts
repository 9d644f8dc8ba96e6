import { matchesOf } from '../text/matches.ts';

/** A piece of a text that matters for hearing orders. */
export type TokenKind = 'word' | 'target' | 'stop' | 'colon';

const TARGET = /[a-z0-9._%+-]{1,64}@[a-z0-9.-]{1,100}\.[a-z]{2,24}|https?:\/\/[^\s<>"')]{3,500}/gi;
const WIDE_STOPS = '\u3002\uFF01\uFF1F\uFF1B\u2026';
const WORD_CHARS_MAX = 48;
/** Classes of ASCII: what starts a word, what only goes on with one, what may end a sentence. */
const START = 1;
const PART = 2;
const END = 4;
const CLASS = makeClasses();

/**
 * Words, addresses, ends of sentences and colons, in order. By hand: a regular expression takes four times as long. A
 * cursor, since a mail has thousands of tokens and nobody keeps one.
 */
export class Tokens {
  /** Where the token of the last `next` stands. */
  start = 0;
  end = 0;
  /** False when some letters of the text are in no word: in an address, or in a run too long to be a word. */
  complete = true;
  readonly #text: string;
  readonly #targets: readonly RegExpExecArray[];
  #next = 0;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#targets = text.includes('@') || text.includes('://') ? matchesOf(TARGET, text) : [];
    if (this.#targets.length > 0) this.complete = false;
  }

  /** Moves on; null at the end. */
  next(): TokenKind | null {
    const text = this.#text;
    while (this.#at < text.length) {
      const at = this.#at;
      const target = this.#targets[this.#next];
      if (target !== undefined && at >= target.index) {
        if (this.#passTarget(target, at)) return 'target';
        continue;
      }
      const code = text.charCodeAt(at);
      if (code < 128 ? ((CLASS[code] ?? 0) & START) !== 0 : isWideWord(code)) {
        if (this.#passWord(at, target === undefined ? text.length : target.index)) return 'word';
        continue;
      }
      this.#at = at + 1;
      if (code < 128 && ((CLASS[code] ?? 0) & END) === 0) continue;
      const kind = punctuation(text, at, code);
      if (kind === null) continue;
      this.start = at;
      this.end = at + 1;
      return kind;
    }
    return null;
  }

  #passTarget(target: RegExpExecArray, at: number): boolean {
    const end = target.index + target[0].length;
    this.#next += 1;
    if (at < end) this.#at = end;
    this.start = at;
    this.end = end;
    return at === target.index;
  }

  #passWord(at: number, stop: number): boolean {
    const text = this.#text;
    let end = at + 1;
    for (; end < stop; end++) {
      const code = text.charCodeAt(end);
      if (code < 128 ? ((CLASS[code] ?? 0) & (START | PART)) === 0 : code !== 0x2019 && !isWideWord(code)) break;
    }
    this.#at = end;
    this.start = at;
    this.end = end;
    if (end - at <= WORD_CHARS_MAX) return true;
    this.complete = false;
    return false;
  }
}

function isWideWord(code: number): boolean {
  return (
    code >= 0xc0 &&
    !(code >= 0x2000 && code <= 0x2bff) &&
    !(code >= 0x3000 && code <= 0x303f) &&
    !(code >= 0xff00 && code <= 0xff0f) &&
    !(code >= 0xff1a && code <= 0xff20)
  );
}

/** The end of a sentence: a stop before a blank or a closing mark, an empty line, a line that starts an item. */
function punctuation(text: string, at: number, code: number): 'stop' | 'colon' | null {
  if (code === 10) return startsItem(text, at + 1) ? 'stop' : null;
  const wide = code > 128 && WIDE_STOPS.includes(text.charAt(at));
  if (wide) return 'stop';
  if (code === 0xff1a) return 'colon';
  if (code !== 46 && code !== 33 && code !== 63 && code !== 59 && code !== 58) return null;
  const after = text.charCodeAt(at + 1);
  const ends = Number.isNaN(after) || after <= 32 || after === 34 || after === 39 || after === 41 || after === 93;
  return ends ? (code === 58 ? 'colon' : 'stop') : null;
}

function startsItem(text: string, from: number): boolean {
  let at = from;
  while (text.charCodeAt(at) === 32 || text.charCodeAt(at) === 9) at += 1;
  const code = text.charCodeAt(at);
  return (
    code === 10 ||
    code === 45 ||
    code === 42 ||
    code === 0x2022 ||
    code === 62 ||
    code === 35 ||
    (code >= 48 && code <= 57)
  );
}

function makeClasses(): Uint8Array {
  const classes = new Uint8Array(128);
  for (const char of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789')
    classes[char.charCodeAt(0)] = START;
  for (const char of "'-_") classes[char.charCodeAt(0)] = PART;
  for (const char of '\n.!?;:') classes[char.charCodeAt(0)] = END;
  return classes;
}
