import { decodeCharset } from './charset.ts';
import { hexValue } from './encoding.ts';
import { decodeWords } from './words.ts';

export interface Structured {
  /** Lower case, comments removed: `text/html`, `attachment`. */
  readonly value: string;
  /** Names in lower case; first copy wins; RFC 2231 pieces joined and decoded. */
  readonly params: ReadonlyMap<string, string>;
}

const PARAMS_MAX = 64;
const PIECES_MAX = 64;

/** Parses `value; name=value; …` with quotes, comments, RFC 2231 continuations and encodings, broken forms included. */
export function parseStructured(field: string): Structured {
  const segments = splitSegments(field);
  const raw = new Map<string, string>();
  for (const segment of segments.slice(1, PARAMS_MAX + 1)) {
    const equals = segment.indexOf('=');
    if (equals < 0) continue;
    const name = segment.slice(0, equals).trim().toLowerCase();
    if (name !== '' && !raw.has(name)) raw.set(name, segment.slice(equals + 1).trim());
  }
  const value = (segments[0] ?? '').trim().toLowerCase();
  return { value: value.split(/\s/, 1)[0] ?? '', params: joinPieces(raw) };
}

/** Cuts at `;` outside quotes and comments; quotes are removed, escapes resolved, comments dropped. */
function splitSegments(field: string): string[] {
  const segments: string[] = [];
  let current = '';
  let quoted = false;
  let comment = 0;
  for (let i = 0; i < field.length; i++) {
    const char = field.charAt(i);
    if (char === '\\' && (quoted || comment > 0)) {
      i += 1;
      if (quoted) current += field.charAt(i);
    } else if (quoted) {
      if (char === '"') quoted = false;
      else current += char;
    } else if (comment > 0) {
      if (char === '(') comment += 1;
      else if (char === ')') comment -= 1;
    } else if (char === '"') quoted = true;
    else if (char === '(') comment = 1;
    else if (char === ';') {
      segments.push(current);
      current = '';
    } else current += char;
  }
  segments.push(current);
  return segments;
}

interface Piece {
  readonly encoded: boolean;
  readonly text: string;
}

function joinPieces(raw: ReadonlyMap<string, string>): Map<string, string> {
  const out = new Map<string, string>();
  const pieces = new Map<string, Piece[]>();
  for (const [key, text] of raw) {
    const match = /^([^*]+)(?:\*(\d{1,3}))?(\*)?$/.exec(key);
    const name = match?.[1] ?? key;
    if (match === null || (match[2] === undefined && match[3] === undefined)) {
      out.set(name, decodeWords(text));
      continue;
    }
    const index = Number(match[2] ?? 0);
    if (index >= PIECES_MAX) continue;
    const list = pieces.get(name) ?? [];
    list[index] = { encoded: match[3] !== undefined, text };
    pieces.set(name, list);
  }
  // The extended form wins over the plain one, as RFC 6266 and mail programs have it.
  for (const [name, list] of pieces) out.set(name, decodePieces(list.filter((piece) => piece !== undefined)));
  return out;
}

function decodePieces(list: readonly Piece[]): string {
  const first = list[0];
  let charset = '';
  let rest = first?.text ?? '';
  if (first?.encoded === true) {
    const quote = rest.indexOf("'");
    const second = rest.indexOf("'", quote + 1);
    if (quote >= 0 && second >= 0) {
      charset = rest.slice(0, quote);
      rest = rest.slice(second + 1);
    }
  }
  const all = list.map((piece, index) => {
    const text = index === 0 ? rest : piece.text;
    return piece.encoded ? percentBytes(text) : new TextEncoder().encode(text);
  });
  const bytes = new Uint8Array(all.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of all) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return decodeCharset(bytes, charset).text;
}

function percentBytes(text: string): Uint8Array {
  const source = new TextEncoder().encode(text);
  const out = new Uint8Array(source.length);
  let at = 0;
  for (let i = 0; i < source.length; i++) {
    const high = source[i] === 37 ? hexValue(source[i + 1]) : -1;
    const low = high < 0 ? -1 : hexValue(source[i + 2]);
    if (low >= 0) {
      out[at++] = (high << 4) | low;
      i += 2;
    } else out[at++] = source[i] ?? 0;
  }
  return out.subarray(0, at);
}
