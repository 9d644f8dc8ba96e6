import { EXTRACT_UNSAFE } from '../../contracts/index.ts';

/** Everything that draws nothing or turns the reading order. INVARIANT: no output of this room matches it. */
const UNSAFE = new RegExp(`[${EXTRACT_UNSAFE}]`, 'gu');
const UNSAFE_ONCE = new RegExp(`[${EXTRACT_UNSAFE}]`, 'u');
const LINE_ENDS = /\r\n?|[\u0085\u2028\u2029\v\f]/g;
/** More marks on one base than any language writes: the flood covers neighbouring lines. */
const MARK_FLOOD = /(\p{M}{4})\p{M}+/gu;
/** Letters of Western Europe and printer's marks: compatibility forms, but nothing to strip and no loose marks. */
const NOT_EUROPEAN =
  /[^\n\t\u0020-\u007E\u00A0-\u00AC\u00AE-\u00B3\u00B5-\u00B7\u00B9-\u02AF\u2010-\u2016\u2018-\u2027\u2030-\u2032\u2039\u203A\u20A0-\u20A7\u20A9-\u20BF]/;
const NOT_PLAIN = /[^\n\t\u0020-\u007E]/;

/**
 * The one text form of this room: NFKC, line feeds only, nothing that does not draw, at most four marks on a base.
 * Idempotent: cleaning clean text changes nothing.
 */
export function cleanText(text: string): string {
  if (!NOT_PLAIN.test(text)) return text;
  if (!NOT_EUROPEAN.test(text)) return text.normalize('NFKC');
  let out = strip(text.replace(LINE_ENDS, '\n')).normalize('NFKC');
  // Compatibility forms may decompose into something that is stripped, and stripping may bring marks together.
  if (UNSAFE_ONCE.test(out)) out = strip(out);
  out = out.replace(MARK_FLOOD, '$1').normalize('NFKC');
  return UNSAFE_ONCE.test(out) ? strip(out) : out;
}

/** Anything but words of plain characters with single blanks between them. */
const NOT_PLAIN_LINE = /[^ -~]|^ | $| {2}/;

/** `cleanText` on one line, white space collapsed, cut to `max` units without halving a character. */
export function cleanLine(text: string, max: number): string {
  if (!NOT_PLAIN_LINE.test(text)) return cutTo(text, max);
  const bounded = text.length > max * 8 + 64 ? text.slice(0, max * 8 + 64) : text;
  return cutTo(
    cleanText(bounded)
      .replace(/[\s\p{Zs}]+/gu, ' ')
      .trim(),
    max,
  );
}

/** The first `max` units of `text`; a surrogate pair is never halved. */
export function cutTo(text: string, max: number): string {
  if (text.length <= max) return text;
  const unit = text.charCodeAt(max - 1);
  return text.slice(0, unit >= 0xd800 && unit <= 0xdbff ? max - 1 : max);
}

function strip(text: string): string {
  // Lone surrogates are replaced visibly, the rest vanishes.
  return text.replace(UNSAFE, '');
}
