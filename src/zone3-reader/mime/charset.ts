import { decodeUtf7 } from './utf7.ts';

/** Text out of bytes of a declared, mislabelled or undeclared charset. Never fails. */
export interface DecodedText {
  readonly text: string;
  /** The charset that was used, in WHATWG words. */
  readonly charset: string;
  /** The declared charset is unknown or the bytes are not in it. */
  readonly mislabelled: boolean;
}

const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true });
const LOOSE_UTF8 = new TextDecoder('utf-8');
/** Labels that mail uses and WHATWG does not list. */
const ALIASES: Readonly<Record<string, string>> = {
  utf8mb4: 'utf-8',
  'unicode-1-1-utf-8': 'utf-8',
  cp1252: 'windows-1252',
  'ansi_x3.4-1968': 'windows-1252',
  'iso-8859-8-e': 'iso-8859-8',
  'x-gbk': 'gbk',
  cp936: 'gbk',
  gb2312_charset: 'gbk',
  cp932: 'shift_jis',
  'windows-932': 'shift_jis',
  cp949: 'euc-kr',
  ks_c_5601: 'euc-kr',
  cp950: 'big5',
  'big5-eten': 'big5',
  cp874: 'windows-874',
  'iso-8859-11': 'windows-874',
  'koi8-ru': 'koi8-u',
  cp437: 'ibm866',
  cp850: 'windows-1252',
  ibm850: 'windows-1252',
  cp858: 'windows-1252',
  'mac-roman': 'macintosh',
  macroman: 'macintosh',
  x_mac_cyrillic: 'x-mac-cyrillic',
};
const LEGACY_GUESS = 'windows-1252';

/**
 * Decodes a text part. An undeclared charset, or US-ASCII with high bytes, is UTF-8 where the bytes are UTF-8; a
 * declared single-byte charset whose bytes are valid multi-byte UTF-8 is taken for UTF-8 as well (mail programs guess
 * the same way); ISO-2022-JP is known by its escapes.
 */
export function decodeCharset(bytes: Uint8Array, declared: string): DecodedText {
  const label = cleanLabel(declared);
  if (label === 'utf-7' || label === 'unicode-1-1-utf-7' || label === 'x-unicode-2-0-utf-7') {
    return { text: decodeUtf7(bytes), charset: 'utf-7', mislabelled: false };
  }
  const bom = byteOrderMark(bytes);
  if (bom !== '' && label !== bom)
    return { text: decodeWith(bom, bytes) ?? '', charset: bom, mislabelled: label !== '' };
  const whole = tryUtf8(bytes);
  // As many units as bytes: all of it is ASCII.
  const highBytes = whole === null || whole.length !== bytes.length;
  if (!highBytes && !isStateful(label)) return sevenBit(bytes, label, whole);
  const utf8 = highBytes ? whole : null;
  if (label === 'utf-8') {
    if (utf8 !== null) return { text: utf8, charset: label, mislabelled: false };
    const guess = mostlyUtf8(bytes) ? 'utf-8' : LEGACY_GUESS;
    return { text: decodeWith(guess, bytes) ?? '', charset: guess, mislabelled: true };
  }
  if (label === '' || label === 'us-ascii' || label === 'ascii') {
    if (utf8 !== null) return { text: utf8, charset: 'utf-8', mislabelled: label !== '' };
    return { text: decodeWith(LEGACY_GUESS, bytes) ?? '', charset: LEGACY_GUESS, mislabelled: label !== '' };
  }
  if (utf8 !== null && isSingleByte(label)) return { text: utf8, charset: 'utf-8', mislabelled: true };
  const text = decodeWith(label, bytes);
  if (text !== null) return { text, charset: label, mislabelled: false };
  const fallback = utf8 ?? decodeWith(LEGACY_GUESS, bytes) ?? '';
  return { text: fallback, charset: utf8 === null ? LEGACY_GUESS : 'utf-8', mislabelled: true };
}

/** Text of `bytes` in a charset by its label, or null when the label is unknown. */
export function decodeWith(label: string, bytes: Uint8Array): string | null {
  if (label === 'utf-7') return decodeUtf7(bytes);
  try {
    return new TextDecoder(ALIASES[label] ?? label).decode(bytes);
  } catch {
    return null;
  }
}

/** Lower case, without quotes, blanks and the language of RFC 2231. */
export function cleanLabel(declared: string): string {
  const label = declared
    .toLowerCase()
    .replace(/["'\s]/g, '')
    .slice(0, 64);
  return ALIASES[label] ?? label;
}

function sevenBit(bytes: Uint8Array, label: string, text: string): DecodedText {
  if (hasIso2022Escape(bytes)) {
    return { text: decodeWith('iso-2022-jp', bytes) ?? '', charset: 'iso-2022-jp', mislabelled: label !== '' };
  }
  return { text, charset: label === '' ? 'us-ascii' : label, mislabelled: false };
}

function isStateful(label: string): boolean {
  return label.startsWith('iso-2022') || label.startsWith('utf-16') || label === 'unicode' || label.startsWith('hz');
}

function isSingleByte(label: string): boolean {
  return /^(?:iso-?8859|windows-125|latin|l\d$|cp125|macintosh|x-mac|koi8)/.test(label);
}

function byteOrderMark(bytes: Uint8Array): string {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return '';
}

function hasIso2022Escape(bytes: Uint8Array): boolean {
  const at = bytes.indexOf(27);
  return at >= 0 && (bytes[at + 1] === 0x24 || bytes[at + 1] === 0x28);
}

function tryUtf8(bytes: Uint8Array): string | null {
  try {
    return STRICT_UTF8.decode(bytes);
  } catch {
    return null;
  }
}

/** Broken UTF-8 is still UTF-8 when most of its multi-byte sequences are whole (a cut message, one bad byte). */
function mostlyUtf8(bytes: Uint8Array): boolean {
  const text = LOOSE_UTF8.decode(bytes.length > 65_536 ? bytes.subarray(0, 65_536) : bytes);
  let bad = 0;
  let good = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0xfffd) bad += 1;
    else if (unit > 127) good += 1;
  }
  return good > bad;
}
