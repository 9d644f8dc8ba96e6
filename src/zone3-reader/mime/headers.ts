import { CAPS } from '../caps.ts';
import { CR, decodeLoose, isBlank, LF, lineEnd, trimEnd } from './bytes.ts';

export interface Field {
  /** Lower case. */
  readonly name: string;
  /** Unfolded, undecoded, trimmed. */
  readonly value: string;
}

export interface HeaderBlock {
  readonly fields: readonly Field[];
  /** Where the body starts. */
  readonly bodyStart: number;
  /** A cap cut the block, or its end was a line that is no header. */
  readonly truncated: boolean;
  readonly malformed: boolean;
}

const COLON = 58;

/**
 * Reads one header block. It ends at an empty line, or (as Postfix and Python do) before the first line that can be no
 * header; what follows is body, so that no text is lost.
 */
export function readHeaders(bytes: Uint8Array, start: number, end: number): HeaderBlock {
  const fields: Field[] = [];
  let at = start;
  let truncated = false;
  while (at < end) {
    const next = lineEnd(bytes, at, end);
    if (isEmptyLine(bytes, at, next)) return { fields, bodyStart: next, truncated, malformed: false };
    const colon = nameEnd(bytes, at, next);
    if (colon < 0) {
      if (isFromLine(bytes, at, next)) {
        at = next;
        continue;
      }
      return { fields, bodyStart: at, truncated, malformed: true };
    }
    let last = next;
    while (last < end && isBlank(bytes[last]) && !isEmptyLine(bytes, last, lineEnd(bytes, last, end))) {
      last = lineEnd(bytes, last, end);
    }
    if (fields.length < CAPS.headerFieldsMax && at - start < CAPS.headerBytesMax) {
      if (last - at > CAPS.fieldCharsMax) truncated = true;
      fields.push(toField(bytes, at, colon, Math.min(last, at + CAPS.fieldCharsMax)));
    } else {
      truncated = true;
    }
    at = last;
  }
  return { fields, bodyStart: end, truncated, malformed: false };
}

/** The first field of that name, or empty. Later copies are ignored: every reader must take the same one. */
export function fieldValue(fields: readonly Field[], name: string): string {
  return fields.find((field) => field.name === name)?.value ?? '';
}

function toField(bytes: Uint8Array, at: number, colon: number, end: number): Field {
  return {
    name: decodeLoose(bytes.subarray(at, trimEnd(bytes, at, colon))).toLowerCase(),
    value: decodeLoose(bytes.subarray(colon + 1, end))
      .replace(/\r?\n(?=[ \t])/g, '')
      .replace(/[\r\n\0]+/g, ' ')
      .trim(),
  };
}

function isEmptyLine(bytes: Uint8Array, at: number, next: number): boolean {
  return bytes[at] === LF || (bytes[at] === CR && (bytes[at + 1] === LF || next === at + 1));
}

/** Index of the colon that ends a field name (printable ASCII, blanks before the colon forgiven), or -1. */
function nameEnd(bytes: Uint8Array, at: number, next: number): number {
  let i = at;
  while (i < next && isNameByte(bytes[i])) i += 1;
  if (i === at) return -1;
  while (i < next && isBlank(bytes[i])) i += 1;
  return bytes[i] === COLON && i < next ? i : -1;
}

function isNameByte(byte: number | undefined): boolean {
  return byte !== undefined && byte > 32 && byte < 127 && byte !== COLON;
}

/** `From someone Mon Jan …` of an mbox, also quoted. */
function isFromLine(bytes: Uint8Array, at: number, next: number): boolean {
  const text = decodeLoose(bytes.subarray(at, Math.min(next, at + 6)));
  return text.startsWith('From ') || text.startsWith('>From ');
}
