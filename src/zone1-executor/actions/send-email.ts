import {
  accepted,
  makeId,
  parseMailAddress,
  toJson,
  type MailAddress,
  type MailParams,
} from '../../contracts/index.ts';
import { encodeMail, isMessageId, payloadHash, showMail } from '../../payloads/index.ts';
import type { Station } from '../ports.ts';
import { resolveMail } from '../resolve.ts';
import type { Doer } from './doer.ts';

/** `send_email`: the mail is built once, when it is asked for; what is shown and sent are those bytes. */
export const sendEmailDoer: Doer = {
  prepare: (station, tx, session, requested) => {
    const resolved = resolveMail(tx, session, station.confirmed.contacts(), requested);
    if (!resolved.ok) return resolved;
    const mail = resolved.value;
    const bytes = buildMail(station, mail.params, mail.answersTo);
    return accepted({
      resolved: toJson(mail.params),
      values: mail.values,
      payloadLabel: mail.payload,
      sources: mail.sources,
      warnedSources: mail.warnedSources,
      references: mail.references,
      payload: { bytes, wh: payloadHash(bytes, station.sha256Hex), shown: showMail(bytes) },
      units: { items: 0 },
    });
  },
  performHere: null,
};

/** Freezes `Date` and `Message-ID` and encodes. */
function buildMail(station: Station, params: MailParams, answersTo: string | null): Uint8Array {
  const contacts = station.confirmed.contacts();
  const answered = answersTo !== null && isMessageId(answersTo) ? answersTo : null;
  return encodeMail({
    from: { address: address(contacts.self), name: contacts.selfName === '' ? null : contacts.selfName },
    to: params.to.map(address),
    cc: (params.cc ?? []).map(address),
    bcc: (params.bcc ?? []).map(address),
    subject: params.subject,
    body: params.body,
    dateMs: station.clock.wallMs(),
    messageId: `<${makeId('k_', station.random).slice(2)}@${address(contacts.self).domain}>`,
    inReplyTo: answered,
    references: answered === null ? [] : [answered],
  });
}

/** INVARIANT: `resolveMail` has parsed every address; one that does not parse here is a fault of ours. */
function address(text: string): MailAddress {
  const parsed = parseMailAddress(text);
  if (parsed === null) throw new Error('an address came unparsed to the builder');
  return parsed;
}
