import { CAPS } from '../caps.ts';
import type { Findings } from '../findings.ts';
import { decodeLoose, LF, lineEnd, trimEnd } from './bytes.ts';
import { decodeBase64, decodeQuotedPrintable } from './encoding.ts';
import type { Field } from './headers.ts';
import { fieldValue, readHeaders } from './headers.ts';
import type { Structured } from './params.ts';
import { parseStructured } from './params.ts';

export interface Part {
  readonly fields: readonly Field[];
  readonly contentType: Structured;
  readonly disposition: Structured;
  readonly encoding: string;
  /** The bytes that `start` and `end` count in: the message, or a decoded message inside it. */
  readonly bytes: Uint8Array;
  readonly start: number;
  end: number;
  readonly children: Part[];
  readonly parent: Part | null;
  readonly depth: number;
  /** Index where the text after the last delimiter starts, or -1. */
  epilogueAt: number;
  /** Index of the first delimiter, or -1: text before it is shown by nobody. */
  firstDelimiterAt: number;
}

const DASH = 45;
const BOUNDARY_CHARS_MAX = 256;

interface Open {
  readonly part: Part;
  readonly boundary: string;
  readonly base: number;
}

/**
 * Splits a message into its tree in one pass over the bytes: each line that starts with two dashes is looked up in a
 * map of open boundaries, so that depth costs nothing. Parts and depth are capped; what lies beyond is left inside its
 * parent as opaque bytes and reported. Messages inside transfer encodings are decoded and walked the same way.
 */
export function readTree(raw: Uint8Array, findings: Findings): Part {
  const count = { parts: 0 };
  const root = openPart({ bytes: raw, start: 0, end: raw.length, parent: null, digest: false }, findings);
  const pending: Part[] = walk(root, count, findings);
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    const body = decodeBody(part, part.end - part.start);
    const inner = openPart({ bytes: body, start: 0, end: body.length, parent: part, digest: false }, findings);
    part.children.push(inner);
    pending.push(...walk(inner, count, findings));
  }
  return root;
}

/** Bytes of a leaf without its transfer encoding, at most `max`. */
export function decodeBody(part: Part, max: number): Uint8Array {
  const body = part.bytes.subarray(part.start, part.end);
  if (part.encoding === 'base64') return decodeBase64(body, max);
  if (part.encoding === 'quoted-printable') return decodeQuotedPrintable(body, max);
  return body.length > max ? body.subarray(0, max) : body;
}

interface Opening {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly parent: Part | null;
  readonly digest: boolean;
}

function openPart(at: Opening, findings: Findings): Part {
  const block = readHeaders(at.bytes, at.start, at.end);
  if (block.truncated) findings.add('header_truncated', 'medium', 'a header block was longer than the cap and was cut');
  if (block.malformed && at.parent === null && block.fields.length > 0) {
    findings.add('header_malformed', 'low', 'the header ends at a line that is no header and no empty line');
  }
  const declared = fieldValue(block.fields, 'content-type');
  return {
    fields: block.fields,
    contentType: parseStructured(declared === '' ? (at.digest ? 'message/rfc822' : 'text/plain') : declared),
    disposition: parseStructured(fieldValue(block.fields, 'content-disposition')),
    encoding: parseStructured(fieldValue(block.fields, 'content-transfer-encoding')).value.replace(/[^a-z0-9-]/g, ''),
    bytes: at.bytes,
    start: Math.min(block.bodyStart, at.end),
    end: at.end,
    children: [],
    parent: at.parent,
    depth: at.parent === null ? 0 : at.parent.depth + 1,
    epilogueAt: -1,
    firstDelimiterAt: -1,
  };
}

/** Walks the lines below `root`; answers the encoded messages that wait to be walked. */
function walk(root: Part, count: { parts: number }, findings: Findings): Part[] {
  const { bytes } = root;
  const open: Open[] = [];
  const known = new Map<string, number>();
  const encoded: Part[] = [];
  let at = enter(root, open, known, encoded, findings);
  const end = root.end;
  while (open.length > 0 && at < end) {
    if (bytes[at] === DASH && bytes[at + 1] === DASH) {
      const next = lineEnd(bytes, at, end);
      const hit = matchBoundary(bytes, at, next, known);
      if (hit !== null) {
        const owner = open[hit.index];
        if (owner !== undefined) {
          closeAbove(open, known, hit.final ? hit.index : hit.index + 1, bodyEnd(bytes, at));
          if (owner.part.firstDelimiterAt < 0) owner.part.firstDelimiterAt = at;
          if (hit.final) owner.part.epilogueAt = next;
          at = next;
          if (!hit.final) at = addChild(owner.part, at, { open, known, encoded, count }, findings);
          continue;
        }
      }
    }
    const feed = bytes.indexOf(LF, at);
    at = feed < 0 ? end : feed + 1;
  }
  return encoded;
}

interface WalkState {
  readonly open: Open[];
  readonly known: Map<string, number>;
  readonly encoded: Part[];
  readonly count: { parts: number };
}

function addChild(parent: Part, at: number, state: WalkState, findings: Findings): number {
  state.count.parts += 1;
  if (state.count.parts > CAPS.partsMax) {
    findings.add('too_many_parts', 'medium', `the message has more than ${CAPS.partsMax} parts; the rest was not read`);
    closeAbove(state.open, state.known, 0, at);
    return at;
  }
  const digest = parent.contentType.value === 'multipart/digest';
  const child = openPart({ bytes: parent.bytes, start: at, end: rootEnd(parent), parent, digest }, findings);
  parent.children.push(child);
  return enter(child, state.open, state.known, state.encoded, findings);
}

function rootEnd(part: Part): number {
  let top = part;
  while (top.parent !== null && top.parent.bytes === top.bytes) top = top.parent;
  return top.end;
}

/** Opens a multipart, or the message inside a message part; answers where its first line starts. */
function enter(part: Part, open: Open[], known: Map<string, number>, encoded: Part[], findings: Findings): number {
  let current = part;
  for (;;) {
    const type = current.contentType.value;
    const tooDeep = current.depth >= CAPS.depthMax;
    if (type.startsWith('multipart/') && !tooDeep) {
      const boundary = current.contentType.params.get('boundary')?.trimEnd() ?? '';
      if (boundary === '' || boundary.length > BOUNDARY_CHARS_MAX) {
        findings.add('multipart_without_boundary', 'low', 'a multipart has no usable boundary and is read as text');
      }
      open.push({ part: current, boundary, base: open.length });
      if (boundary !== '' && !known.has(boundary)) known.set(boundary, open.length - 1);
      return current.start;
    }
    if (tooDeep && (type.startsWith('multipart/') || type === 'message/rfc822')) {
      findings.add('nested_too_deep', 'medium', `parts are nested deeper than ${CAPS.depthMax}; the rest was not read`);
    }
    const isMessage = (type === 'message/rfc822' || type === 'message/global') && !tooDeep;
    if (!isMessage || isAttachment(current)) {
      if (open.length === 0 || open.at(-1)?.part !== current)
        open.push({ part: current, boundary: '', base: open.length });
      return current.start;
    }
    open.push({ part: current, boundary: '', base: open.length });
    if (current.encoding === 'base64' || current.encoding === 'quoted-printable') {
      encoded.push(current);
      return current.start;
    }
    const inner = openPart(
      { bytes: current.bytes, start: current.start, end: rootEnd(current), parent: current, digest: false },
      findings,
    );
    current.children.push(inner);
    current = inner;
  }
}

export function isAttachment(part: Part): boolean {
  return part.disposition.value === 'attachment';
}

function closeAbove(open: Open[], known: Map<string, number>, index: number, end: number): void {
  while (open.length > index) {
    const closed = open.pop();
    if (closed === undefined) return;
    closed.part.end = Math.max(closed.part.start, Math.min(closed.part.end, end));
    if (known.get(closed.boundary) === open.length) known.delete(closed.boundary);
  }
}

function matchBoundary(
  bytes: Uint8Array,
  at: number,
  next: number,
  known: ReadonlyMap<string, number>,
): { index: number; final: boolean } | null {
  const stop = trimEnd(bytes, at, next);
  if (stop - at > BOUNDARY_CHARS_MAX * 2 + 4) return null;
  const text = decodeLoose(bytes.subarray(at + 2, stop));
  const index = known.get(text);
  if (index !== undefined) return { index, final: false };
  if (!text.endsWith('--')) return null;
  const final = known.get(text.slice(0, -2));
  return final === undefined ? null : { index: final, final: true };
}

/** A delimiter owns the line end before it. */
function bodyEnd(bytes: Uint8Array, delimiter: number): number {
  let end = delimiter;
  if (end > 0 && bytes[end - 1] === LF) end -= 1;
  if (end > 0 && bytes[end - 1] === 13) end -= 1;
  return end;
}
