import { EXTRACT_LIMITS } from '../contracts/index.ts';
import type { Findings } from './findings.ts';
import { excerpt } from './findings.ts';
import type { HiddenRuns } from './hidden-runs.ts';
import { noteInvisible } from './invisible-report.ts';
import { hostInText, registrable } from './links/hosts.ts';
import type { Mailbox } from './mime/addresses.ts';
import { parseMailboxes } from './mime/addresses.ts';
import { parseDate } from './mime/date.ts';
import type { Field } from './mime/headers.ts';
import { fieldValue } from './mime/headers.ts';
import { decodeWords } from './mime/words.ts';
import { cleanLine } from './text/clean.ts';
import { isMixedScript } from './text/confusables.ts';

export interface MessageHeader {
  readonly from: string;
  /** Cleaned display name: scanned, compared, never part of the extract (names that count come from contacts). */
  readonly fromName: string;
  readonly to: readonly string[];
  readonly toTotal: number;
  readonly subject: string;
  readonly subjectLength: number;
  readonly date: string | null;
}

const ADDRESS_IN_TEXT = /[a-z0-9._%+-]{1,64}@((?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24})/i;

/** Reads the fields a person looks at first, and how they contradict one another. */
export function readMessageHeader(fields: readonly Field[], hidden: HiddenRuns, findings: Findings): MessageHeader {
  const senders = parseMailboxes(fieldValue(fields, 'from'));
  const sender = senders.find((box) => box.address !== '') ?? senders[0];
  inspectSender(fields, senders, sender, findings);
  const written = decodeWords(fieldValue(fields, 'subject'));
  noteInvisible(written, 'subject', hidden, findings);
  const subject = cleanLine(written, EXTRACT_LIMITS.subjectCharsMax);
  const to = [...parseMailboxes(fieldValue(fields, 'to')), ...parseMailboxes(fieldValue(fields, 'cc'))].map(
    shownAddress,
  );
  const rawDate = fieldValue(fields, 'date');
  const date = parseDate(rawDate);
  if (rawDate !== '' && date === null)
    findings.add('date_unreadable', 'info', `the date ${excerpt(rawDate, 60)} cannot be read`);
  return {
    from: sender === undefined ? '' : shownAddress(sender),
    fromName: sender === undefined ? '' : cleanLine(sender.name, EXTRACT_LIMITS.nameCharsMax),
    to: to.filter((address) => address !== '').slice(0, EXTRACT_LIMITS.toMax),
    toTotal: to.length,
    subject,
    subjectLength: written.length,
    date,
  };
}

function shownAddress(box: Mailbox): string {
  return box.address === '' ? cleanLine(box.raw || box.name, EXTRACT_LIMITS.nameCharsMax) : box.address;
}

function inspectSender(
  fields: readonly Field[],
  senders: readonly Mailbox[],
  sender: Mailbox | undefined,
  findings: Findings,
): void {
  const span = { part: 'from', start: 0, end: 0 } as const;
  if (sender === undefined) {
    findings.add('from_missing', 'low', 'the message names no sender', span);
    return;
  }
  const copies = fields.filter((field) => field.name === 'from').length;
  if (copies > 1 || senders.length > 1) {
    findings.add(
      'from_multiple',
      'medium',
      `the message names ${Math.max(copies, senders.length)} senders; the first is used`,
      span,
    );
  }
  if (sender.address === '') {
    findings.add('from_malformed', 'low', `the sender ${excerpt(sender.raw, 60)} is no plain address`, span);
    return;
  }
  const domain = sender.address.slice(sender.address.lastIndexOf('@') + 1);
  const name = cleanLine(sender.name, 400);
  const claimed = ADDRESS_IN_TEXT.exec(name)?.[1]?.toLowerCase() ?? hostInText(name);
  if (claimed !== '' && registrable(claimed) !== registrable(domain)) {
    findings.add(
      'from_name_mismatch',
      'medium',
      `the sender's name says ${excerpt(name, 60)}, the address is at ${domain}`,
      span,
    );
  }
  if (name.split(/\s+/).some(isMixedScript))
    findings.add('from_name_mixed_script', 'medium', `the sender's name ${excerpt(name, 60)} mixes scripts`, span);
  if (/(?:^|\.)xn--/.test(domain))
    findings.add('from_international_host', 'low', `the sender is at the international name ${domain}`, span);
  const reply = parseMailboxes(fieldValue(fields, 'reply-to'))[0]?.address ?? '';
  const replyDomain = reply.slice(reply.lastIndexOf('@') + 1);
  if (reply !== '' && registrable(replyDomain) !== registrable(domain)) {
    findings.add('reply_to_differs', 'low', `answers would go to ${reply}, the mail claims to be from ${domain}`, span);
  }
}
