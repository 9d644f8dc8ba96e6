/** Character references that mail is full of. All others are left to the parser's own table of two thousand. */
const NAMED: Readonly<Record<string, string | undefined>> = {
  amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00A0', zwnj: '\u200C', zwj: '\u200D', shy: '\u00AD', copy: '©', reg: '®',
  trade: '™', ndash: '–', mdash: '—', hellip: '…', lsquo: '‘', rsquo: '’', ldquo: '“', rdquo: '”', sbquo: '‚', bdquo: '„', laquo: '«',
  raquo: '»', lsaquo: '‹', rsaquo: '›', bull: '•', middot: '·', deg: '°', euro: '€', pound: '£', yen: '¥', cent: '¢', sect: '§', times: '×',
  auml: 'ä', ouml: 'ö', uuml: 'ü', Auml: 'Ä', Ouml: 'Ö', Uuml: 'Ü', szlig: 'ß', eacute: 'é', egrave: 'è', ecirc: 'ê', agrave: 'à',
  aacute: 'á', acirc: 'â', atilde: 'ã', aring: 'å', aelig: 'æ', ccedil: 'ç', iacute: 'í', ntilde: 'ñ', oacute: 'ó', ocirc: 'ô', otilde: 'õ',
  oslash: 'ø', uacute: 'ú', ugrave: 'ù', larr: '←', rarr: '→', uarr: '↑', darr: '↓', ensp: '\u2002', emsp: '\u2003', thinsp: '\u2009',
}; // prettier-ignore
const REFERENCE = /&(?:#(\d{2,7});|#[xX]([0-9a-fA-F]{2,6});|([a-zA-Z][a-zA-Z0-9]*)([;=]?))?/g;

/** `text` with its character references resolved as a browser would, or null when one of them is not an everyday one. */
export function resolveReferences(text: string, inAttribute: boolean): string | null {
  const pieces: string[] = [];
  let last = 0;
  REFERENCE.lastIndex = 0;
  for (let match = REFERENCE.exec(text); match !== null; match = REFERENCE.exec(text)) {
    const char = resolve(match, text, inAttribute);
    if (char === null) return null;
    pieces.push(text.slice(last, match.index), char);
    last = REFERENCE.lastIndex;
  }
  return last === 0 ? text : pieces.join('') + text.slice(last);
}

function resolve(match: RegExpExecArray, text: string, inAttribute: boolean): string | null {
  const [whole, decimal, hex, name, end] = match;
  if (decimal !== undefined) return fromCode(Number(decimal));
  if (hex !== undefined) return fromCode(Number.parseInt(hex, 16));
  // A bare ampersand is text; `&#` that is no everyday number is not for us to judge.
  if (name === undefined) return text.charAt(match.index + 1) === '#' ? null : whole;
  if (end === ';') return Object.hasOwn(NAMED, name) ? (NAMED[name] ?? null) : null;
  // `?a=1&copy=2` in an address is a parameter, not a sign.
  return inAttribute && end === '=' ? whole : null;
}

function fromCode(code: number): string | null {
  if (code < 32 || (code >= 0x7f && code < 0xa0) || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff) return null;
  return String.fromCodePoint(code);
}
