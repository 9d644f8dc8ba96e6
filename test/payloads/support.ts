import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { parseMailAddress, type MailAddress } from '../../src/contracts/index.ts';
import type { OutgoingMail } from '../../src/payloads/index.ts';

export const sha256Hex = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex');

export function address(text: string): MailAddress {
  const parsed = parseMailAddress(text);
  if (parsed === null) throw new Error('not an address of our grammar');
  return parsed;
}

export function mail(changes: Partial<OutgoingMail> = {}): OutgoingMail {
  return {
    from: { address: address('owner@example.org'), name: null },
    to: [address('ann@example.com')],
    cc: [],
    bcc: [],
    subject: 'Lunch on Thursday',
    body: 'Hello Ann,\n\nThursday suits me.\n',
    dateMs: 1_795_150_000_000,
    messageId: '<hs.abc123@example.org>',
    inReplyTo: null,
    references: [],
    ...changes,
  };
}

const ATEXT = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789!#$%&'*+/=?^_`{|}~-";
const local = fc.string({ unit: fc.constantFrom(...ATEXT.split('')), minLength: 1, maxLength: 64 });
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
export const anyAddress: fc.Arbitrary<MailAddress> = fc
  .tuple(local, label, fc.constantFrom('example.com', 'example.org', 'xn--bcher-kva.example'))
  .map(([name, host, domain]) => address(`${name}@${host}.${domain}`));

const UNITS = [
  ' ',
  '  ',
  '\t',
  'a',
  'Z',
  '=',
  '?',
  '=?',
  '?=',
  '=?utf-8?B?',
  '.',
  ',',
  ';',
  ':',
  '"',
  '<',
  '>',
  '\\',
  'é',
  'ß',
  '漢',
  '😀',
  '\u200b',
  '\u202e',
  'From ',
  '-- ',
  '\u00a0',
  '\u0301',
];
const words = fc.array(
  fc.oneof(fc.constantFrom(...UNITS), fc.string({ unit: 'binary', maxLength: 8 }), fc.string({ maxLength: 30 })),
  { maxLength: 30 },
);
/* oxlint-disable no-control-regex -- takes out what our grammar refuses */
const oneLine = words.map((list) =>
  list
    .join('')
    .replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '')
    .toWellFormed(),
);
export const anySubject = oneLine.map((text) => text.slice(0, 900).toWellFormed());
export const anyBody = fc
  .array(fc.oneof(oneLine, fc.constant(''), fc.string({ unit: 'grapheme', maxLength: 300 })), { maxLength: 8 })
  .map((lines) =>
    lines
      .join('\n')
      .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
      .toWellFormed(),
  );
/* oxlint-enable no-control-regex */
const anyName = fc.oneof(
  fc.constant(null),
  fc.constantFrom('Ann', 'Ann B. Smith', 'Ann <x@example.net>', '"q"', 'a\\b', '=?x', 'Änne Müller', '😀'.repeat(40)),
  anySubject.map((text) => text.slice(0, 90).toWellFormed().trim() || 'x'),
);
const anyId = fc
  .tuple(
    local.map((text) => text.replaceAll('=?', '')),
    label,
  )
  .map(([a, b]) => `<x${a}@${b}.example>`);

/** Mails in their normal form: addresses once each, whole seconds. */
export const anyMail: fc.Arbitrary<OutgoingMail> = fc
  .record({
    people: fc.uniqueArray(anyAddress, { minLength: 1, maxLength: 20, selector: (a) => a.text }),
    cuts: fc.tuple(fc.nat(20), fc.nat(20)),
    from: anyAddress,
    name: anyName,
    subject: anySubject,
    body: anyBody,
    seconds: fc.integer({ min: 0, max: 253_402_300_799 }),
    messageId: anyId,
    inReplyTo: fc.option(anyId),
    references: fc.array(anyId, { maxLength: 5 }),
  })
  .map(({ people, cuts, from, name, seconds, ...rest }) => {
    const first = 1 + (cuts[0] % people.length);
    const second = first + (cuts[1] % (people.length - first + 1));
    return {
      ...rest,
      from: { address: from, name },
      to: people.slice(0, first),
      cc: people.slice(first, second),
      bcc: people.slice(second),
      dateMs: seconds * 1_000,
    };
  });
