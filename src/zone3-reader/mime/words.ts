import { cleanLabel, decodeCharset } from './charset.ts';
import { decodeBase64, hexValue } from './encoding.ts';

const ENCODED_WORD = /=\?([^?\s]{1,64})\?([bBqQ])\?([^?]{0,16384})\?=/g;

interface Word {
  readonly charset: string;
  readonly bytes: Uint8Array;
  readonly encoding: string;
}

/**
 * Decodes the encoded words of RFC 2047, also where they are not allowed (inside quotes, in the middle of a word, with
 * blanks in the text), since mail programs show them decoded. Adjacent words of one charset are joined as bytes first:
 * many programs cut characters in half.
 */
export function decodeWords(value: string): string {
  if (!value.includes('=?')) return value;
  const pieces: string[] = [];
  let run: Word[] = [];
  let last = 0;
  const flush = (): void => {
    if (run.length > 0) pieces.push(decodeRun(run));
    run = [];
  };
  for (const match of value.matchAll(ENCODED_WORD)) {
    const between = value.slice(last, match.index);
    if (run.length === 0 || !/^\s*$/.test(between)) {
      flush();
      pieces.push(between);
    }
    const word = toWord(match[1] ?? '', match[2] ?? '', match[3] ?? '');
    const previous = run.at(-1);
    if (previous !== undefined && previous.charset !== word.charset) flush();
    run.push(word);
    last = match.index + match[0].length;
  }
  flush();
  pieces.push(value.slice(last));
  return pieces.join('');
}

function decodeRun(run: readonly Word[]): string {
  const bytes = new Uint8Array(run.reduce((sum, word) => sum + word.bytes.length, 0));
  let at = 0;
  for (const word of run) {
    bytes.set(word.bytes, at);
    at += word.bytes.length;
  }
  return decodeCharset(bytes, run[0]?.charset ?? '').text;
}

function toWord(charset: string, encoding: string, data: string): Word {
  const star = charset.indexOf('*');
  return {
    charset: cleanLabel(star < 0 ? charset : charset.slice(0, star)),
    encoding: encoding.toLowerCase(),
    bytes: encoding.toLowerCase() === 'b' ? decodeBase64(latin(data), data.length) : decodeQ(data),
  };
}

/** The Q encoding: `_` is a space, `=XX` a byte. Characters that are not ASCII stay as their UTF-8 bytes. */
function decodeQ(data: string): Uint8Array {
  const source = new TextEncoder().encode(data);
  const out = new Uint8Array(source.length);
  let at = 0;
  for (let i = 0; i < source.length; i++) {
    const byte = source[i] ?? 0;
    const high = byte === 61 ? hexValue(source[i + 1]) : -1;
    const low = high < 0 ? -1 : hexValue(source[i + 2]);
    if (low >= 0) {
      out[at++] = (high << 4) | low;
      i += 2;
    } else out[at++] = byte === 95 ? 32 : byte;
  }
  return out.subarray(0, at);
}

function latin(data: string): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) out[i] = data.charCodeAt(i) & 0xff;
  return out;
}
