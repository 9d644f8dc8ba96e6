import { canonicalJson, type MailAddress } from '../contracts/index.ts';
import { encodeBody } from './body.ts';
import { formatMailDate } from './date.ts';
import { encodeHeaderText, encodeWords, foldList, HEADER_LINE_MAX } from './header-text.ts';
import { envelopeOf, normalMail, type OutgoingMail } from './mail.ts';
import { asciiBytes } from './utf8.ts';

const QUOTED_NAME_MAX = 60;
const ATOMS = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const QUOTABLE = /^[ !#-[\]-~]+$/;

/**
 * The payload of a mail: one line of canonical JSON with the envelope, a line feed, then the MIME bytes. The same mail
 * always gives the same bytes; they are pure ASCII.
 * Throws `invalid_params` for what is no mail of ours (see `normalMail`).
 */
export function encodeMail(mail: OutgoingMail): Uint8Array {
  const normal = normalMail(mail);
  const envelope = envelopeOf(normal);
  return asciiBytes(`${canonicalJson({ from: envelope.from, to: envelope.to })}\n${mimeText(normal)}`);
}

function mimeText(mail: OutgoingMail): string {
  const body = encodeBody(mail.body);
  const lines = [
    fromHeader(mail.from.address, mail.from.name),
    foldList('To: ', texts(mail.to), ','),
    ...(mail.cc.length > 0 ? [foldList('Cc: ', texts(mail.cc), ',')] : []),
    encodeHeaderText('Subject: ', mail.subject),
    `Date: ${formatMailDate(mail.dateMs)}`,
    `Message-ID: ${mail.messageId}`,
    ...(mail.inReplyTo === null ? [] : [`In-Reply-To: ${mail.inReplyTo}`]),
    ...(mail.references.length === 0 ? [] : [foldList('References: ', mail.references, '')]),
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Transfer-Encoding: ${body.encoding}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body.text}`;
}

function texts(list: readonly MailAddress[]): readonly string[] {
  return list.map((address) => address.text);
}

/** `From: ann@example.org`, or with the name as atoms, as a quoted string or as encoded words before `<…>`. */
function fromHeader(address: MailAddress, name: string | null): string {
  if (name === null) return `From: ${address.text}`;
  const words = name.includes('=?') || name.length > QUOTED_NAME_MAX ? null : asciiPhrase(name);
  const phrase = words ?? encodeWords(name).join('\r\n ');
  const head = `From: ${phrase}`;
  const column = head.length - (head.lastIndexOf('\n') + 1);
  const fold = column + address.text.length + 3 > HEADER_LINE_MAX ? '\r\n ' : ' ';
  return `${head}${fold}<${address.text}>`;
}

function asciiPhrase(name: string): string | null {
  if (ATOMS.test(name)) return name;
  return QUOTABLE.test(name) && !name.includes('  ') ? `"${name}"` : null;
}
