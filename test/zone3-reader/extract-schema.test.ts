import { describe, expect, it } from 'vitest';
import { encodedBytes, EXTRACT_LIMITS, extractSchema, type Extract } from '../../src/contracts/index.ts';
import { mail, read } from './support.ts';

const GOOD: Extract = read(mail('Hello Bob'));
const refuses = (change: Record<string, unknown>): void => {
  expect(extractSchema.safeParse({ ...GOOD, ...change }).success).toBe(false);
};
const finding = { rule: 'x', severity: 'low', span: { part: 'body', start: 0, end: 1 }, why: 'y' };

describe('what a reader returns is hostile too', () => {
  it('takes an honest answer', () => {
    expect(extractSchema.safeParse(GOOD).success).toBe(true);
    expect(extractSchema.safeParse({ ...GOOD, findings: [finding], date: null }).success).toBe(true);
  });

  it('refuses unknown and missing members', () => {
    refuses({ extra: 1 });
    refuses({ findings: [{ ...finding, extra: 1 }] });
    const { body: _, ...without } = GOOD;
    expect(extractSchema.safeParse(without).success).toBe(false);
    expect(extractSchema.safeParse(null).success).toBe(false);
    expect(extractSchema.safeParse([GOOD]).success).toBe(false);
  });

  it.each([
    '\u0000',
    '\u001b[2J',
    '\r',
    '\u007f',
    '\u0085',
    '\u200b',
    '\u202e',
    '\u2066',
    '\ufeff',
    '\u00ad',
    '\u2028',
    '\ufe0f',
    '\u{e0041}',
    '\ud800',
    '\udc00',
  ])('refuses %j in every string', (char) => {
    const text = `a${char}b`;
    refuses({ body: text, sanitized_length: text.length });
    refuses({ subject: text });
    refuses({ from: text });
    refuses({ to: [text] });
    refuses({ links: [{ url: text, text: '' }] });
    refuses({ links: [{ url: '', text }] });
    refuses({ findings: [{ ...finding, why: text }] });
    refuses({ attachments: [{ name: text, type: 'a/b', bytes: 1, sha256: '0'.repeat(64) }] });
  });

  it('takes line ends in the body and nowhere else', () => {
    expect(extractSchema.safeParse({ ...GOOD, body: 'a\n\tb', sanitized_length: 4 }).success).toBe(true);
    refuses({ subject: 'a\nb' });
    refuses({ from: 'a\tb' });
  });

  it('refuses what passes a cap, and takes what reaches it', () => {
    const L = EXTRACT_LIMITS;
    refuses({ body: 'x'.repeat(L.bodyCharsMax + 1), sanitized_length: L.bodyCharsMax + 1 });
    expect(
      extractSchema.safeParse({ ...GOOD, body: 'x'.repeat(L.bodyCharsMax), sanitized_length: L.bodyCharsMax }).success,
    ).toBe(true);
    refuses({ subject: 'x'.repeat(L.subjectCharsMax + 1) });
    refuses({ from: 'x'.repeat(L.nameCharsMax + 1) });
    refuses({ to: Array.from({ length: L.toMax + 1 }, () => 'a@b.example') });
    refuses({ findings: Array.from({ length: L.findingsMax + 1 }, () => finding) });
    refuses({ links: Array.from({ length: L.linksMax + 1 }, () => ({ url: 'x', text: '' })) });
    refuses({ links: [{ url: 'x'.repeat(L.linkUrlCharsMax + 1), text: '' }] });
    refuses({ findings: [{ ...finding, why: 'x'.repeat(L.findingWhyCharsMax + 1) }] });
    refuses({ links: Array.from({ length: L.linksMax }, () => ({ url: 'é'.repeat(L.linkUrlCharsMax), text: '' })) });
  });

  it.each([
    { injection_score: 1.1 },
    { injection_score: -0.1 },
    { injection_score: Number.NaN },
    { injection_score: '0.5' },
    { injection_warning: 1 },
    { channel: 'fax' },
    { content_type: 'text/html; charset=x' },
    { content_type: 'TEXT/HTML' },
    { sanitized_length: 1 },
    { original_length: -1 },
    { hidden_removed: 0.5 },
    { date: 'yesterday' },
    { sanitized_at: '2026-01-01' },
    { findings: [{ ...finding, span: { part: 'body', start: 2, end: 1 } }] },
    { findings: [{ ...finding, rule: 'Has Blanks' }] },
    { findings: [{ ...finding, severity: 'fatal' }] },
    { attachments: [{ name: 'a', type: 'a/b', bytes: 1, sha256: 'F'.repeat(64) }] },
  ])('refuses %j', (change) => refuses(change));

  it('counts bytes as they are sent', () => {
    for (const value of ['a', 'é', '漢', '😀', { a: ['é', '漢😀"\\\n'] }]) {
      expect(encodedBytes(value)).toBe(Buffer.byteLength(JSON.stringify(value)));
    }
  });
});
