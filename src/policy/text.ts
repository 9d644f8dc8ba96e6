import { LIMITS } from '../contracts/index.ts';
import type { Problem } from './rules.ts';

/** Controls, format characters and bidirectional marks: what a person who reads the file does not see. */
// eslint-disable-next-line no-control-regex -- these are the characters that must not occur
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;
const UNSEEN = /[\p{Cf}\p{Cs}\p{Co}\u2028\u2029\u115f\u1160\u3164\uffa0]/u;

/** The first thing that keeps a person or the parser from reading a policy text safely; null when there is none. */
export function outOfSight(text: string): Problem | null {
  if (text.length > LIMITS.policyCharsMax.value)
    return { message: `longer than ${LIMITS.policyCharsMax.value} characters` };
  const unseen = CONTROLS.exec(text) ?? UNSEEN.exec(text);
  if (unseen !== null) {
    const code = Number(unseen[0].codePointAt(0)).toString(16).toUpperCase().padStart(4, '0');
    return { message: `holds the invisible character U+${code}; remove it`, line: lineOf(text, unseen.index) };
  }
  const large = tooLarge(text);
  return large === null ? null : { message: 'too large a rule; split it into several', line: lineOf(text, large) };
}

/** Line of a UTF-16 offset, from 1. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** Line of an offset that counts UTF-8 bytes, from 1. */
export function lineAtByte(text: string, byteOffset: number): number {
  let bytes = 0;
  let line = 1;
  for (const char of text) {
    if (bytes >= byteOffset) break;
    if (char === '\n') line += 1;
    bytes += utf8Length(Number(char.codePointAt(0)));
  }
  return line;
}

function utf8Length(code: number): number {
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}

/**
 * The engine evaluates by recursion on a small stack and breaks for good when it overflows: with a chain of some 300
 * operators, measured. A rule of half of that is refused before the engine sees it. Lists of values may be long.
 */
const OPERATORS_MAX = 128;
const NESTING_MAX = 32;
const TOKEN =
  /"[^"\\]*(?:\\.[^"\\]*)*"|\/\/[^\n]*|;|[()[\]{}]|&&|\|\||[=!<>]=|[-+*!<>.]|\b(?:if|has|in|is|like|when|unless)\b/gs;

/** Offset at which a rule holds more operators or deeper brackets than the engine is given; null when none does. */
function tooLarge(text: string): number | null {
  let operators = 0;
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token.startsWith('"') || token.startsWith('/')) continue;
    if (token === ';') {
      operators = 0;
      depth = 0;
      continue;
    }
    if (')]}'.includes(token)) depth -= 1;
    else operators += 1;
    if ('([{'.includes(token)) depth += 1;
    if (operators > OPERATORS_MAX || depth > NESTING_MAX) return index;
  }
  return null;
}
