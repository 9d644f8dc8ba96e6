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
  /** Most of them in a row, at most three separators apart; counted in ASCII texts only. */
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
const CLASS = makeClasses();

/** One pass by hand, since it replaces a dozen patterns. */
export function shapeOf(text: string): Shape {
  let longRun = 0;
  let base64Run = 0;
  let digits = 0;
  let percents = 0;
  let hexDigits = 0;
  let bits = 0;
  let singles = 0;
  let singlesInRow = 0;
  let mixedSigns = 0;
  let runFrom = 0;
  let base64From = 0;
  let hex = 0;
  let bit = 0;
  let word = 0;
  let row = 0;
  let gap = 0;
  let signs = 0;
  let letters = 0;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 32;
    const kind = code < 128 ? (CLASS[code] ?? 0) : code === 0x20ac ? SIGN | HEX_GAP | BLANK : HEX_GAP | BLANK;
    if ((kind & (LETTER | DIGIT)) !== 0 || code > 0xbf) {
      word += 1;
    } else {
      if (word === 1) {
        singles += 1;
        row = gap > 0 && gap <= 3 ? row + 1 : 1;
        if (row > singlesInRow) singlesInRow = row;
        gap = 0;
      } else if (word > 1) {
        row = 0;
        gap = 0;
      }
      word = 0;
      gap += (kind & SEPARATOR) !== 0 ? 1 : 4;
    }
    if ((kind & (LETTER | DIGIT | BASE64)) === 0) {
      if (i - base64From > base64Run) base64Run = i - base64From;
      base64From = i + 1;
    }
    if (code <= 32) {
      if (i - runFrom > longRun) longRun = i - runFrom;
      runFrom = i + 1;
    }
    if ((kind & LETTER) !== 0) letters += 1;
    else if ((kind & (DIGIT | SIGN)) !== 0) signs += 1;
    else {
      if (letters > 0) mixedSigns += signs;
      letters = 0;
      signs = 0;
    }
    if ((kind & DIGIT) !== 0) digits += 1;
    else if (code === 37) percents += 1;
    if ((kind & HEX) !== 0) {
      hex += 1;
      if (hex > hexDigits) hexDigits = hex;
    } else if ((kind & HEX_GAP) === 0) hex = 0;
    if (code === 48 || code === 49) {
      bit += 1;
      if (bit > bits) bits = bit;
    } else if ((kind & BLANK) === 0) bit = 0;
  }
  return { longRun, base64Run, digits, percents, hexDigits, bits, singles, singlesInRow, mixedSigns };
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
