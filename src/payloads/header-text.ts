import { base64Decode, base64Encode } from './base64.ts';
import { utf8Decode, utf8Encode } from './utf8.ts';

/** RFC 5322 asks for 78; no line of ours is longer unless a single address is. */
export const HEADER_LINE_MAX = 78;
const WORD_OPEN = '=?utf-8?B?';
const WORD_CLOSE = '?=';
/** 39 bytes make 52 base64 characters: with `Subject: ` before it the first line keeps to RFC 2047's 76. */
const WORD_BYTES_MAX = 39;

/** Words of plain printable ASCII with single spaces between, which no reader takes for anything else. */
const PLAIN = /^[!-~]+(?: [!-~]+)*$/;

/**
 * A header's text after `prefix` (`Subject: `), folded. Plain text stays as it is; everything else (non-ASCII, double
 * or outer spaces, words too long to fold, whatever looks like an encoded word) goes into encoded words as a whole.
 */
export function encodeHeaderText(prefix: string, text: string): string {
  if (text === '') return prefix.trimEnd();
  const folded = PLAIN.test(text) && !text.includes('=?') ? foldAtSpaces(prefix, text) : null;
  return folded ?? `${prefix}${encodeWords(text).join('\r\n ')}`;
}

/** Inverse of `encodeHeaderText` without the prefix, on unfolded text; null where it cannot be ours. */
export function decodeHeaderText(text: string): string | null {
  return text.startsWith(WORD_OPEN) ? decodeWords(text.split(' ')) : text;
}

/** Encoded words of a text, each cut between two code points. */
export function encodeWords(text: string): readonly string[] {
  const words: string[] = [];
  let held: Uint8Array[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (bytes > 0) words.push(`${WORD_OPEN}${base64Encode(concat(held))}${WORD_CLOSE}`);
    held = [];
    bytes = 0;
  };
  for (const char of text) {
    const piece = utf8Encode(char);
    if (bytes + piece.length > WORD_BYTES_MAX) flush();
    held.push(piece);
    bytes += piece.length;
  }
  flush();
  return words;
}

/** Text of encoded words as `encodeWords` writes them, or null. */
export function decodeWords(words: readonly string[]): string | null {
  let text = '';
  for (const word of words) {
    if (!word.startsWith(WORD_OPEN) || !word.endsWith(WORD_CLOSE)) return null;
    const bytes = base64Decode(word.slice(WORD_OPEN.length, -WORD_CLOSE.length));
    const piece = bytes === null ? null : utf8Decode(bytes);
    if (piece === null) return null;
    text += piece;
  }
  return text;
}

/** Items with `separator` between them, folded before an item that would pass the line. */
export function foldList(prefix: string, items: readonly string[], separator: ',' | ''): string {
  let text = prefix;
  let column = prefix.length;
  items.forEach((item, index) => {
    const piece = index < items.length - 1 ? `${item}${separator}` : item;
    if (index === 0) {
      text += piece;
      column += piece.length;
    } else if (column + 1 + piece.length > HEADER_LINE_MAX) {
      text += `\r\n ${piece}`;
      column = 1 + piece.length;
    } else {
      text += ` ${piece}`;
      column += 1 + piece.length;
    }
  });
  return text;
}

/** The bytes of all pieces in order. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

function foldAtSpaces(prefix: string, text: string): string | null {
  const folded = foldList(prefix, text.split(' '), '');
  return folded.split('\r\n').every((line) => line.length <= HEADER_LINE_MAX) ? folded : null;
}
