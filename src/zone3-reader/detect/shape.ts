/** What a text is made of: decides which other readings of it are worth a try. Each number is an upper bound. */
export interface Shape {
  /** Longest stretch without a blank. */
  readonly longRun: number;
  /** Longest stretch of letters, digits and `+/_-`. */
  readonly base64Run: number;
  readonly digits: number;
  readonly percents: number;
  /** Most hexadecimal digits with nothing but blanks and separators between them. */
  readonly hexDigits: number;
  /** Most zeros and ones with nothing but blanks between them. */
  readonly bits: number;
  /** Letters and digits with no neighbour of their kind. */
  readonly singles: number;
  /** Most of them in a row, at most three separators apart; what is beyond ASCII counts as a letter where that adds. */
  readonly singlesInRow: number;
  /** Digits and signs in words that hold letters as well. */
  readonly mixedSigns: number;
}

const LETTER = 1;
const DIGIT = 2;
/** Belongs to a run of base64 without being a letter or digit. */
const BASE64 = 4;
/** May stand between hexadecimal digits. */
const HEX_GAP = 8;
const HEX = 16;
const BLANK = 32;
/** A sign that stands for a letter. */
const SIGN = 64;
/** May part spaced letters. */
const SEPARATOR = 128;
const EURO = 0x20ac;
const CLASS = makeClasses();

/** By hand, since it stands for a dozen patterns. */
export function shapeOf(text: string): Shape {
  let longRun = 0;
  let base64Run = 0;
  let digits = 0;
  let percents = 0;
  let hexDigits = 0;
  let bits = 0;
  let mixedSigns = 0;
  let runFrom = 0;
  let base64From = 0;
  let hex = 0;
  let bit = 0;
  let signs = 0;
  let letters = 0;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 32;
    const kind = code < 128 ? (CLASS[code] ?? 0) : code === EURO ? SIGN | HEX_GAP | BLANK : HEX_GAP | BLANK;
    if (kind === LETTER) {
      // Most of any text: nothing but a letter.
      letters += 1;
      hex = 0;
      bit = 0;
      continue;
    }
    if ((kind & LETTER) !== 0) letters += 1;
    else if ((kind & (DIGIT | SIGN)) !== 0) signs += 1;
    else {
      if (letters > 0) mixedSigns += signs;
      letters = 0;
      signs = 0;
    }
    if ((kind & (LETTER | DIGIT | BASE64)) === 0) {
      if (i - base64From > base64Run) base64Run = i - base64From;
      base64From = i + 1;
      if (code <= 32) {
        if (i - runFrom > longRun) longRun = i - runFrom;
        runFrom = i + 1;
      } else if (code === 37) percents += 1;
    }
    if ((kind & DIGIT) !== 0) digits += 1;
    if ((kind & HEX) !== 0) {
      hex += 1;
      if (hex > hexDigits) hexDigits = hex;
    } else if ((kind & HEX_GAP) === 0) hex = 0;
    if (code === 48 || code === 49) {
      bit += 1;
      if (bit > bits) bits = bit;
    } else if ((kind & BLANK) === 0) bit = 0;
  }
  return { longRun, base64Run, digits, percents, hexDigits, bits, mixedSigns, ...singlesOf(text) };
}

function singlesOf(text: string): { readonly singles: number; readonly singlesInRow: number } {
  let singles = 0;
  let singlesInRow = 0;
  let word = 0;
  let stretch = 0;
  let wide = false;
  let row = 0;
  let gap = 4;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 32;
    const kind = code < 128 ? (CLASS[code] ?? 0) : LETTER;
    if ((kind & (LETTER | DIGIT)) !== 0) {
      stretch += 1;
      if (code < 128 || code > 0xbf) word += 1;
      if (code > 127) {
        wide = true;
        if (code <= 0xbf) {
          if (word === 1) singles += 1;
          word = 0;
        }
      }
      continue;
    }
    if (word === 1) singles += 1;
    word = 0;
    if (stretch > 0) {
      // A wide stretch may hold one letter alone (a pair of units, a mark), or end one row and start another.
      const goesOn = stretch === 1 || wide;
      row = goesOn ? (gap <= 3 ? row + 1 : 1) : 0;
      if (row > singlesInRow) singlesInRow = row;
      if (wide && stretch > 2) row = 1;
      stretch = 0;
      wide = false;
      gap = 0;
    }
    gap += (kind & SEPARATOR) !== 0 ? 1 : 4;
  }
  return { singles, singlesInRow };
}

function makeClasses(): Uint8Array {
  const classes = new Uint8Array(128);
  const add = (chars: string, kind: number): void => {
    for (let i = 0; i < chars.length; i++) classes[chars.charCodeAt(i)] = (classes[chars.charCodeAt(i)] ?? 0) | kind;
  };
  const blanks = '\t\n\v\f\r ';
  add('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', LETTER);
  add('0123456789', DIGIT);
  add('0123456789abcdefABCDEF', HEX);
  add('+/_-', BASE64);
  add('x\\,:-', HEX_GAP);
  add(blanks, HEX_GAP | BLANK);
  add('$@!|+', SIGN);
  add(' \t.-_*|/', SEPARATOR);
  return classes;
}
