import { decodeBase64 } from './encoding.ts';

const PLUS = 43;
const MINUS = 45;

/** UTF-7 (RFC 2152). No browser reads it any more, which is why it hides text from filters. Bad shifts stay as text. */
export function decodeUtf7(bytes: Uint8Array): string {
  const pieces: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const plus = bytes.indexOf(PLUS, at);
    const stop = plus < 0 ? bytes.length : plus;
    pieces.push(ascii(bytes, at, stop));
    if (plus < 0) break;
    let end = plus + 1;
    while (end < bytes.length && isBase64(bytes[end] ?? 0)) end += 1;
    if (end === plus + 1) {
      pieces.push('+');
      at = bytes[end] === MINUS ? end + 1 : end;
      continue;
    }
    pieces.push(utf16(decodeBase64(bytes.subarray(plus + 1, end), (end - plus) * 2)));
    at = bytes[end] === MINUS ? end + 1 : end;
  }
  return pieces.join('');
}

function ascii(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i] ?? 0);
  return text;
}

function utf16(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    text += String.fromCharCode(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  }
  return text;
}

function isBase64(byte: number): boolean {
  return (
    (byte >= 65 && byte <= 90) ||
    (byte >= 97 && byte <= 122) ||
    (byte >= 48 && byte <= 57) ||
    byte === 43 ||
    byte === 47
  );
}
