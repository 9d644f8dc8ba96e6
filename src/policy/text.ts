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
  const deep = tooDeep(text);
  return deep === null ? null : { message: 'nested too deeply; split the rule', line: lineOf(text, deep) };
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

const NESTING_MAX = 64;

/** Offset at which brackets nest deeper than the parser's stack should see; brackets in texts count too, harmlessly. */
function tooDeep(text: string): number | null {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '(' || char === '[' || char === '{') depth += 1;
    else if (char === ')' || char === ']' || char === '}') depth = Math.max(0, depth - 1);
    else if (char === ';') depth = 0;
    if (depth > NESTING_MAX) return at;
  }
  return null;
}
