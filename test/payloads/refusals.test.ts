import { describe, expect, it } from 'vitest';
import { HardshellError } from '../../src/contracts/index.ts';
import {
  decodeMail,
  encodeMail,
  isMessageId,
  parseMessageIds,
  splitPayload,
  type OutgoingMail,
} from '../../src/payloads/index.ts';
import { address, mail } from './support.ts';

const mimeOf = (changes: Partial<OutgoingMail>): string =>
  Buffer.from(splitPayload(encodeMail(mail(changes))).mime).toString('latin1');
const names = (mime: string): string[] =>
  mime
    .slice(0, mime.indexOf('\r\n\r\n'))
    .split('\r\n')
    .filter((line) => !line.startsWith(' '))
    .map((line) => line.split(':')[0] ?? '');

function refusal(changes: Partial<OutgoingMail>): unknown {
  try {
    encodeMail(mail(changes));
  } catch (error) {
    return error instanceof HardshellError ? error.code : error;
  }
  return null;
}

describe('what could become a second header', () => {
  const tricks = [
    '\r\nBcc: eve@example.net',
    '\nBcc: eve@example.net',
    '\r\n\r\nbody',
    '\rX: y',
    '\u0000',
    '\u2028X: y',
    '\u2029',
    '\u0085X: y',
    '\u000bx',
    '\u007f',
  ];

  it.each(tricks)('refuses %j in subject and name', (trick) => {
    expect(refusal({ subject: `hello${trick}` })).toBe('invalid_params');
    expect(refusal({ from: { address: address('owner@example.org'), name: `Ann${trick}b` } })).toBe('invalid_params');
    expect(refusal({ messageId: `<a${trick}@example.org>` })).toBe('invalid_params');
    expect(refusal({ inReplyTo: `<a@example.org>${trick}` })).toBe('invalid_params');
    expect(refusal({ references: [`<a@example.org${trick}>`] })).toBe('invalid_params');
  });

  it('takes the same fields without the trick', () => {
    expect(
      refusal({
        subject: 'hello',
        from: { address: address('owner@example.org'), name: 'Ann b' },
        inReplyTo: '<a@example.org>',
      }),
    ).toBeNull();
  });

  it('refuses an address that only looks parsed', () => {
    const real = address('ann@example.com');
    for (const text of [
      'ann@example.com\r\nBcc: eve@example.net',
      '"bob@example.com" <eve@example.net>',
      'ann@example.com, eve@example.net',
      'ann @example.com',
    ]) {
      expect(refusal({ to: [{ ...real, text }] })).toBe('invalid_params');
      expect(refusal({ bcc: [{ ...real, text }] })).toBe('invalid_params');
      expect(refusal({ from: { address: { ...real, text }, name: null } })).toBe('invalid_params');
    }
    expect(refusal({ to: [{ ...real, key: 'eve@example.net' }] })).toBe('invalid_params');
  });

  it('keeps encoded words, header look-alikes and quotes of a subject as text', () => {
    for (const subject of [
      '=?utf-8?Q?=0D=0ABcc:_eve@example.net?=',
      'Bcc: eve@example.net',
      'a: b: c',
      '"quoted" <x@example.net>',
      '=?',
      'x =?utf-8?B?QQ==?= y',
    ]) {
      const mime = mimeOf({ subject });
      expect(names(mime)).toEqual([
        'From',
        'To',
        'Subject',
        'Date',
        'Message-ID',
        'MIME-Version',
        'Content-Type',
        'Content-Transfer-Encoding',
      ]);
      expect(decodeMail(encodeMail(mail({ subject }))).subject).toBe(subject);
    }
  });
});

describe('a body', () => {
  it('refuses control characters, a bare CR and lone surrogates, and keeps line and paragraph separators as text', () => {
    for (const body of ['a\rb', 'a\r\nb', 'a\u0000b', 'a\u001bb', 'a\u0085b', 'a\ud800b'])
      expect(refusal({ body })).toBe('invalid_params');
    const odd = 'a\u2028b\u2029c\u200b\u202ed\n\n.\n..\nFrom me\n>From you\n-- \ntrailing \t\n';
    expect(decodeMail(encodeMail(mail({ body: odd }))).body).toBe(odd);
  });

  it('leaves no line that a mail station would rewrite', () => {
    const mime = mimeOf({ body: '.\n.hidden\nFrom here\nspaces  \n\ttab\t\n' });
    const lines = mime.slice(mime.indexOf('\r\n\r\n') + 4).split('\r\n');
    for (const line of lines) expect(line).not.toMatch(/^\.|^From |[ \t]$/);
  });

  it.each([
    ['7bit', 'plain\n'],
    ['quoted-printable', 'Grüße aus Köln, bis morgen im Büro und schöne Tage\n'],
    ['base64', '漢字かな交じり文'.repeat(20)],
    ['quoted-printable', `${'x'.repeat(79)}\n`],
    ['7bit', ''],
  ])('is sent as %s where that fits', (encoding, body) => {
    expect(mimeOf({ body })).toContain(`Content-Transfer-Encoding: ${encoding}\r\n`);
  });

  it('takes 100 000 characters of any kind and no more', () => {
    for (const unit of ['a', '漢', 'é', '\n'])
      expect(decodeMail(encodeMail(mail({ body: unit.repeat(100_000) }))).body).toHaveLength(100_000);
    expect(decodeMail(encodeMail(mail({ body: '😀'.repeat(50_000) }))).body).toHaveLength(100_000);
    expect(refusal({ body: 'a'.repeat(100_001) })).toBe('invalid_params');
  });
});

describe('recipients', () => {
  const [ann, bob, eve] = [address('ann@example.com'), address('bob@example.com'), address('eve@example.com')];

  it('stand in the envelope once each, in order, and bcc in no header', () => {
    const bytes = encodeMail(mail({ to: [ann, bob, ann], cc: [bob, eve], bcc: [eve, address('hidden@example.com')] }));
    const { envelope, mime } = splitPayload(bytes);
    expect(envelope.to).toEqual(['ann@example.com', 'bob@example.com', 'eve@example.com', 'hidden@example.com']);
    const text = Buffer.from(mime).toString('latin1');
    expect(text).toContain('To: ann@example.com, bob@example.com\r\nCc: eve@example.com\r\n');
    expect(text).not.toMatch(/bcc|hidden/i);
  });

  it('fold between addresses only, however long these are', () => {
    const long = Array.from({ length: 50 }, (_, i) =>
      address(`${'n'.repeat(60)}${i}@${'label.'.repeat(30)}example`.slice(0, 250).replace(/\.?$/, '')),
    );
    const mime = mimeOf({ to: long });
    for (const line of mime.split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
    expect(decodeMail(encodeMail(mail({ to: long }))).to).toEqual(long);
  });

  it('must be there, and at most 50 in one field', () => {
    expect(refusal({ to: [] })).toBe('invalid_params');
    expect(refusal({ bcc: Array.from({ length: 51 }, (_, i) => address(`p${i}@example.com`)) })).toBe('invalid_params');
  });
});

describe('ids and dates', () => {
  it('takes ids of our grammar from claimed headers and leaves the rest out', () => {
    const claimed = '<a@b.example> <bad id@x> <no-at> <c@d.example>\r\nBcc: x <e@f.example> <a@b.example> <=?q?@x>';
    expect(parseMessageIds(claimed)).toEqual(['<a@b.example>', '<c@d.example>', '<e@f.example>']);
    expect(parseMessageIds(claimed, 1)).toEqual(['<e@f.example>']);
    expect(isMessageId(`<${'a'.repeat(300)}@x>`)).toBe(false);
    expect(isMessageId('<a@b@c>')).toBe(false);
  });

  it('refuses times that have no four-digit year', () => {
    for (const dateMs of [-1, Number.NaN, 1.5, 253_402_300_800_000]) expect(refusal({ dateMs })).toBe('invalid_params');
    expect(mimeOf({ dateMs: 0 })).toContain('Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n');
  });
});
