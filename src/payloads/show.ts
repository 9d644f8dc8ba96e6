import { PAYLOAD_HASH_PREFIX, type Sha256Hex, type ShownMail } from '../contracts/index.ts';
import { decodeMail } from './decode.ts';
import { encodeBody } from './body.ts';
import { formatMailDate } from './date.ts';
import { concat } from './header-text.ts';
import { envelopeOf, type MailEnvelope } from './mail.ts';
import { asciiBytes } from './utf8.ts';

const HASH_PREFIX = asciiBytes(PAYLOAD_HASH_PREFIX);

/** SHA-256 in hex over the purpose and the payload's bytes: the `wh` that an approval and a grant bind. */
export function payloadHash(bytes: Uint8Array, sha256Hex: Sha256Hex): string {
  return sha256Hex(concat([HASH_PREFIX, bytes]));
}

/**
 * A payload as a person is shown it: every header that is in the bytes, decoded, in order, and the body decoded.
 * Throws `malformed` like `decodeMail`. The strings are data: whoever draws them escapes them.
 */
export function showMail(bytes: Uint8Array): ShownMail {
  const mail = decodeMail(bytes);
  const addresses = (list: typeof mail.to): string => list.map((address) => address.text).join(', ');
  const from = mail.from.address.text;
  return {
    kind: 'mail',
    envelope: envelopeOf(mail),
    headers: [
      ['From', mail.from.name === null ? from : `${mail.from.name} <${from}>`],
      ['To', addresses(mail.to)],
      ...(mail.cc.length > 0 ? [['Cc', addresses(mail.cc)] as const] : []),
      ['Subject', mail.subject],
      ['Date', formatMailDate(mail.dateMs)],
      ['Message-ID', mail.messageId],
      ...(mail.inReplyTo === null ? [] : [['In-Reply-To', mail.inReplyTo] as const]),
      ...(mail.references.length === 0 ? [] : [['References', mail.references.join(' ')] as const]),
      ['MIME-Version', '1.0'],
      ['Content-Type', 'text/plain; charset=utf-8'],
      ['Content-Transfer-Encoding', encodeBody(mail.body).encoding],
    ],
    body: mail.body,
    bytes: splitPayload(bytes).mime.length,
  };
}

/** Envelope and MIME bytes of a payload, checked as `decodeMail` checks it (`malformed`). */
export function splitPayload(bytes: Uint8Array): { readonly envelope: MailEnvelope; readonly mime: Uint8Array } {
  return { envelope: envelopeOf(decodeMail(bytes)), mime: bytes.subarray(bytes.indexOf(10) + 1) };
}
