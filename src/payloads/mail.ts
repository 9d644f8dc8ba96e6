import {
  bodySchema,
  HardshellError,
  LIMITS,
  parseMailAddress,
  subjectSchema,
  type MailAddress,
} from '../contracts/index.ts';
import { isMessageId } from './message-id.ts';

/** All that decides the bytes of one outgoing mail. Nothing else flows in: no clock, no randomness. */
export interface OutgoingMail {
  readonly from: {
    readonly address: MailAddress;
    /** The owner's own name, from config; null: none. */ readonly name: string | null;
  };
  readonly to: readonly MailAddress[];
  readonly cc: readonly MailAddress[];
  /** In the envelope only, never in a header. */
  readonly bcc: readonly MailAddress[];
  readonly subject: string;
  /** Lines end with a line feed. */
  readonly body: string;
  /** Frozen time of the `Date` header, milliseconds since the epoch; the header says whole seconds in UTC. */
  readonly dateMs: number;
  /** Frozen, in angle brackets. */
  readonly messageId: string;
  readonly inReplyTo: string | null;
  /** Oldest first. */
  readonly references: readonly string[];
}

/** Who the mail comes from and goes to, as SMTP would be told: to, cc and bcc in that order, each once. */
export interface MailEnvelope {
  readonly from: string;
  readonly to: readonly string[];
}

export const NAME_CHARS_MAX = 100;
export const REFERENCES_MAX = 50;
/** 9999-12-31T23:59:59Z: a year has four digits. */
const DATE_MS_MAX = 253_402_300_799_000;

/**
 * The mail in its normal form: addresses once each (the first place wins), date in whole seconds. What cannot be a
 * mail of ours throws `invalid_params`; nothing is repaired.
 */
export function normalMail(mail: OutgoingMail): OutgoingMail {
  const seen = new Set<string>();
  const name = mail.from.name;
  if (name !== null && !isName(name)) fail('the sender name must be one line of 1 to 100 characters');
  if (!subjectSchema.safeParse(mail.subject).success) fail('the subject must be one line of at most 998 characters');
  if (!bodySchema.safeParse(mail.body).success) fail('the body holds a control character or is too long');
  if (!Number.isInteger(mail.dateMs) || mail.dateMs < 0 || mail.dateMs > DATE_MS_MAX) fail('the date is out of range');
  if (!isMessageId(mail.messageId)) fail('the message id is not in our grammar');
  if (mail.inReplyTo !== null && !isMessageId(mail.inReplyTo)) fail('the id replied to is not in our grammar');
  if (mail.references.length > REFERENCES_MAX || !mail.references.every(isMessageId))
    fail('a reference is not in our grammar');
  const normal: OutgoingMail = {
    from: { address: checkAddress(mail.from.address), name },
    to: once(mail.to, seen),
    cc: once(mail.cc, seen),
    bcc: once(mail.bcc, seen),
    subject: mail.subject,
    body: mail.body,
    dateMs: Math.floor(mail.dateMs / 1_000) * 1_000,
    messageId: mail.messageId,
    inReplyTo: mail.inReplyTo,
    references: [...mail.references],
  };
  if (normal.to.length === 0) fail('a mail needs somebody in `to`');
  return normal;
}

/** Envelope of a mail in its normal form. */
export function envelopeOf(mail: OutgoingMail): MailEnvelope {
  return { from: mail.from.address.text, to: [...mail.to, ...mail.cc, ...mail.bcc].map((address) => address.text) };
}

function isName(name: string): boolean {
  return (
    name.length > 0 && name.length <= NAME_CHARS_MAX && name === name.trim() && subjectSchema.safeParse(name).success
  );
}

function once(list: readonly MailAddress[], seen: Set<string>): readonly MailAddress[] {
  if (list.length > LIMITS.recipientsMax.value) fail(`more than ${LIMITS.recipientsMax.value} recipients in one field`);
  return list.map(checkAddress).filter((address) => {
    if (seen.has(address.text)) return false;
    seen.add(address.text);
    return true;
  });
}

/** The address parsed again: a value that only looks parsed (a cast, a changed object) does not come through. */
function checkAddress(given: MailAddress): MailAddress {
  const parsed = parseMailAddress(given.text);
  if (parsed === null || parsed.text !== given.text || parsed.key !== given.key || parsed.domain !== given.domain) {
    fail('an address is not in our grammar');
  }
  return parsed;
}

function fail(message: string): never {
  throw new HardshellError('invalid_params', message, { fate: 'refuse' });
}
