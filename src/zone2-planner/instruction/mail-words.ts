import { parseMailAddress } from '../../contracts/index.ts';

/** A mail as the owner typed it. Addresses stand as typed: so Zone 1 sees that the owner named them. */
export interface MailWords {
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly subject: string;
  readonly body: string;
}

export type ParsedMail =
  { readonly ok: true; readonly mail: MailWords } | { readonly ok: false; readonly hint: string };

const USAGE = 'such as `send to ann@example.org subject "Hello" text "…"`';
type Part = 'to' | 'cc' | 'bcc' | 'subject' | 'text';

/** Receivers, subject and text of `send to … subject "…" text "…"`, in any order, quoted or up to the next word of the form. */
export function parseMail(line: string): ParsedMail {
  const parts = splitParts(line);
  const people = {
    to: addressesIn(parts.get('to') ?? ''),
    cc: addressesIn(parts.get('cc') ?? ''),
    bcc: addressesIn(parts.get('bcc') ?? ''),
  };
  const strange = [...people.to, ...people.cc, ...people.bcc].find((address) => parseMailAddress(address) === null);
  if (strange !== undefined) return { ok: false, hint: `\`${strange.slice(0, 80)}\` is not a plain mail address` };
  if (people.to.length === 0) return { ok: false, hint: `say to whom, ${USAGE}` };
  const body = parts.get('text') ?? '';
  if (body.trim() === '') return { ok: false, hint: `say the text, ${USAGE}` };
  const subject = parts.get('subject')?.replaceAll(/\s+/g, ' ').trim();
  return {
    ok: true,
    mail: {
      ...people,
      subject: subject === undefined || subject === '' ? firstWords(body) : subject.slice(0, 998),
      body,
    },
  };
}

/** The text of a reply: after the word `text`, in quotes, or (only when `plain` says so) all that is left. */
export function parseBody(rest: string, plain: boolean): string | null {
  const quoted = QUOTES[rest.charAt(0)] !== undefined;
  const body = splitParts(quoted ? `text ${rest}` : rest).get('text') ?? (plain ? rest.replace(/^[\s:,]+/, '') : '');
  return body.trim() === '' ? null : body;
}

const QUOTES: Readonly<Record<string, string>> = { '"': '"', '“': '”', '„': '“', '«': '»', "'": "'" };
const MARK = /(^|[\s,;])(to|cc|bcc|subject|about|text|body|saying|message)\b\s*:?\s*/giy;

/** One pass from left to right: a mark, then its value, quoted or up to the next mark. Each part is taken once. */
function splitParts(line: string): ReadonlyMap<Part, string> {
  const parts = new Map<Part, string>();
  let at = 0;
  while (at < line.length) {
    const mark = markAt(line, at);
    if (mark === null || parts.has(mark.part)) {
      at += 1;
      continue;
    }
    const value = valueAt(line, mark);
    parts.set(mark.part, value.text);
    at = value.end;
  }
  const rest = afterColon(line);
  if (!parts.has('text') && rest !== null) parts.set('text', rest);
  return parts;
}

interface Mark {
  readonly part: Part;
  /** Where the value begins. */
  readonly end: number;
}

function markAt(line: string, at: number): Mark | null {
  MARK.lastIndex = at;
  const found = MARK.exec(line);
  const word = found?.[2]?.toLowerCase();
  if (found === null || word === undefined) return null;
  // `message` and `about` are ordinary words unless a value in quotes follows.
  const end = at + found[0].length;
  if ((word === 'message' || word === 'about') && QUOTES[line.charAt(end)] === undefined) return null;
  return { part: PARTS[word] ?? 'text', end };
}

const PARTS: Readonly<Record<string, Part>> = { to: 'to', cc: 'cc', bcc: 'bcc', subject: 'subject', about: 'subject' };

function valueAt(line: string, mark: Mark): { text: string; end: number } {
  const close = QUOTES[line.charAt(mark.end)];
  if (close !== undefined && mark.part !== 'to') {
    // The text is the last thing said: its own quotes belong to it, so the last closing quote ends it.
    const from = mark.end + 1;
    const end = mark.part === 'text' ? lastClose(line, from, close) : line.indexOf(close, from);
    if (end >= from) return { text: line.slice(from, end), end: end + 1 };
  }
  if (mark.part === 'text') return { text: line.slice(mark.end).trim(), end: line.length };
  let end = mark.end;
  while (end < line.length && markAt(line, end) === null) end += 1;
  return { text: line.slice(mark.end, end), end };
}

/** The quote that ends the line, else the first one. */
function lastClose(line: string, from: number, close: string): number {
  const trimmed = line.trimEnd();
  return trimmed.endsWith(close) && trimmed.length > from && markAfterQuote(line, from, close) === null
    ? trimmed.length - 1
    : line.indexOf(close, from);
}

/** A mark that follows a closing quote: `text "…" subject "…"`. */
function markAfterQuote(line: string, from: number, close: string): Mark | null {
  for (let at = line.indexOf(close, from); at >= 0; at = line.indexOf(close, at + 1)) {
    const mark = markAt(line, at + 1);
    if (mark !== null && QUOTES[line.charAt(mark.end)] !== undefined) return mark;
  }
  return null;
}

/** `send to ann@example.org: the text`. */
function afterColon(line: string): string | null {
  const found = /@[a-z0-9.-]+\s*:\s+(.+)$/is.exec(line);
  return found?.[1] ?? null;
}

function addressesIn(text: string): readonly string[] {
  const found = text.match(/[^\s,;:<>"'()]+@[^\s,;:<>"'()]+/g) ?? [];
  return [...new Set(found.map((address) => address.replace(/[.!?]+$/, '')))];
}

function firstWords(body: string): string {
  const line = body.trim().split('\n', 1)[0] ?? '';
  return line.length <= 60 ? line : `${line.slice(0, 60).replace(/\s\S*$/, '')}…`;
}
