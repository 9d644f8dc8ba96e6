import { decodeWords } from './words.ts';

export interface Mailbox {
  /** Decoded display name, uncleaned; empty when there is none. */
  readonly name: string;
  /** `local@domain` in ASCII with the domain in lower case, or empty when the text is no such address. */
  readonly address: string;
  /** The text as it stood. */
  readonly raw: string;
}

const MAILBOXES_MAX = 300;
/** The strict grammar of addresses that may carry authority later on: ASCII, no quotes, no comments. */
const STRICT =
  /^[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?=[a-z0-9.-]{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

/** Reads an address list; groups are opened, comments become names, quoting is undone. Linear; at most 300 entries. */
export function parseMailboxes(field: string): Mailbox[] {
  const out: Mailbox[] = [];
  for (const piece of splitList(field)) {
    if (out.length >= MAILBOXES_MAX) break;
    const box = toMailbox(piece);
    if (box !== null) out.push(box);
  }
  return out;
}

interface Piece {
  readonly words: string;
  readonly angle: string | null;
  readonly comment: string;
}

function splitList(field: string): Piece[] {
  const pieces: Piece[] = [];
  let words = '';
  let angle: string | null = null;
  let comment = '';
  let mode: 'plain' | 'quoted' | 'angle' = 'plain';
  let depth = 0;
  const flush = (): void => {
    if (words.trim() !== '' || angle !== null || comment !== '') pieces.push({ words: words.trim(), angle, comment });
    words = '';
    angle = null;
    comment = '';
  };
  for (let i = 0; i < field.length; i++) {
    const char = field.charAt(i);
    if (char === '\\' && (mode === 'quoted' || depth > 0)) {
      i += 1;
      if (depth > 0) comment += field.charAt(i);
      else words += field.charAt(i);
    } else if (depth > 0) {
      depth += char === '(' ? 1 : char === ')' ? -1 : 0;
      if (depth > 0) comment += char;
    } else if (mode === 'quoted') {
      if (char === '"') mode = 'plain';
      else words += char;
    } else if (mode === 'angle') {
      if (char === '>') mode = 'plain';
      else angle = (angle ?? '') + char;
    } else if (char === '"') mode = 'quoted';
    else if (char === '(') depth = 1;
    else if (char === '<') {
      mode = 'angle';
      angle = '';
    } else if (char === ',' || char === ';') flush();
    else if (char === ':' && angle === null && !words.includes('@')) words = '';
    else words += char;
  }
  flush();
  return pieces;
}

function toMailbox(piece: Piece): Mailbox | null {
  const bare = piece.angle ?? (piece.words.split(/\s+/).find((word) => word.includes('@')) || piece.words);
  const raw = `${piece.words}${piece.angle === null ? '' : ` <${piece.angle}>`}`.trim();
  const name = piece.angle === null ? piece.comment : piece.words || piece.comment;
  if (raw === '' && name === '') return null;
  // A source route (`@a,@b:c@d`) is older than any mail program that is left.
  const address = toAscii(bare.slice(bare.lastIndexOf(':') + 1).replace(/\s+/g, ''));
  return { name: decodeWords(name).trim(), address, raw: decodeWords(raw) };
}

/** The address with an international domain in its ASCII form, or empty. */
function toAscii(address: string): string {
  const at = address.lastIndexOf('@');
  if (at < 1 || address.length > 320) return '';
  const local = address.slice(0, at);
  const domain = /^[\x20-\x7e]*$/.test(address.slice(at + 1)) ? address.slice(at + 1) : hostOf(address.slice(at + 1));
  const whole = `${local}@${domain.toLowerCase().replace(/\.$/, '')}`;
  return STRICT.test(whole) && whole.length <= 254 ? whole : '';
}

function hostOf(domain: string): string {
  return URL.parse(`http://${domain}/`)?.hostname ?? '';
}
