import { HardshellError, parseMailAddress, type MailAddress } from '../contracts/index.ts';
import { decodeBody } from './body.ts';
import { parseMailDate } from './date.ts';
import { encodeMail } from './encode.ts';
import { decodeHeaderText, decodeWords } from './header-text.ts';
import type { OutgoingMail } from './mail.ts';
import { asciiText } from './utf8.ts';

/** Twice the largest body in base64: no payload of ours is near it. */
export const PAYLOAD_BYTES_MAX = 2_097_152;

/**
 * The mail that `bytes` is the payload of. INVARIANT: encoding the answer gives exactly `bytes`; whatever `encodeMail`
 * would not have written throws `malformed`, so nothing can be in the bytes that the answer does not say.
 */
export function decodeMail(bytes: Uint8Array): OutgoingMail {
  const mail = bytes.length > PAYLOAD_BYTES_MAX ? null : readPayload(bytes);
  if (mail === null || !isWrittenAs(mail, bytes)) {
    throw new HardshellError('malformed', 'payload is not one that we write', { fate: 'refuse' });
  }
  return mail;
}

function isWrittenAs(mail: OutgoingMail, bytes: Uint8Array): boolean {
  try {
    const again = encodeMail(mail);
    return again.length === bytes.length && again.every((byte, i) => byte === bytes[i]);
  } catch (error) {
    if (error instanceof HardshellError && error.fate === 'refuse') return false;
    throw error;
  }
}

/** Reads loosely: the comparison with what `encodeMail` writes is what refuses. */
function readPayload(bytes: Uint8Array): OutgoingMail | null {
  const text = asciiText(bytes);
  if (text === null) return null;
  const lineEnd = text.indexOf('\n');
  const headEnd = text.indexOf('\r\n\r\n', lineEnd + 1);
  if (lineEnd < 0 || headEnd < 0) return null;
  const recipients = readRecipients(text.slice(0, lineEnd));
  const headers = readHeaders(text.slice(lineEnd + 1, headEnd));
  const body = decodeBody(headers.get('Content-Transfer-Encoding') ?? '', text.slice(headEnd + 4));
  return recipients === null || body === null ? null : readMail(headers, recipients, body);
}

function readMail(
  headers: ReadonlyMap<string, string>,
  recipients: readonly string[],
  body: string,
): OutgoingMail | null {
  const from = readFrom(headers.get('From') ?? '');
  const to = readAddresses(headers.get('To') ?? '');
  const cc = readAddresses(headers.get('Cc') ?? '');
  const subject = decodeHeaderText(headers.get('Subject') ?? '');
  const dateMs = parseMailDate(headers.get('Date') ?? '');
  if (from === null || to === null || cc === null || subject === null || dateMs === null) return null;
  const bcc = readAddresses(recipients.slice(to.length + cc.length).join(', '));
  if (bcc === null) return null;
  const references = headers.get('References');
  return {
    from,
    to,
    cc,
    bcc,
    subject,
    body,
    dateMs,
    messageId: headers.get('Message-ID') ?? '',
    inReplyTo: headers.get('In-Reply-To') ?? null,
    references: references === undefined ? [] : references.split(' '),
  };
}

function readRecipients(line: string): readonly string[] | null {
  try {
    const envelope: unknown = JSON.parse(line);
    if (typeof envelope !== 'object' || envelope === null || !('to' in envelope) || !Array.isArray(envelope.to))
      return null;
    return envelope.to.map(String);
  } catch {
    return null;
  }
}

/** Headers by name, unfolded; a repeated name keeps the last, which the comparison then refuses. */
export function readHeaders(head: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const line of head.replaceAll('\r\n ', ' ').split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon), line.slice(colon + 1).replace(/^ /, ''));
  }
  return headers;
}

function readAddresses(text: string): readonly MailAddress[] | null {
  if (text === '') return [];
  const list = text.split(', ').map(parseMailAddress);
  return list.every((address) => address !== null) ? list : null;
}

function readFrom(text: string): OutgoingMail['from'] | null {
  const open = text.lastIndexOf(' <');
  const address = parseMailAddress(open < 0 ? text : text.slice(open + 2, -1));
  if (address === null) return null;
  if (open < 0) return { address, name: null };
  const name = readName(text.slice(0, open));
  return name === null ? null : { address, name };
}

function readName(phrase: string): string | null {
  if (phrase.startsWith('"')) return phrase.slice(1, -1);
  return phrase.startsWith('=?') ? decodeWords(phrase.split(' ')) : phrase;
}
