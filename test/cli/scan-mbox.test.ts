import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitMbox } from '../../src/cli/scan/sources/mbox.ts';
import { mailText, mboxOf } from './scan-support.ts';

async function split(
  text: string | Buffer,
  chunk = 1 << 20,
  start = 0,
): Promise<{ text: string | null; start: number; end: number }[]> {
  const bytes = Buffer.from(text);
  let at = start;
  const found = [];
  const readMore = (): Promise<Buffer | null> => {
    const piece = bytes.subarray(at, at + chunk);
    at += piece.length;
    return Promise.resolve(piece.length === 0 ? null : piece);
  };
  for await (const message of splitMbox(readMore, start))
    found.push({ ...message, text: message.bytes?.toString() ?? null });
  return found.map(({ text, start, end }) => ({ text, start, end }));
}

const texts = async (text: string): Promise<(string | null)[]> => (await split(text)).map((message) => message.text);
const line = 'From ann@example.com Mon Nov 16 08:00:00 2026\n';

describe('cutting an mbox into messages', () => {
  it('gives back the messages that were put in, whatever the pieces it is read in', async () => {
    const body = fc.array(
      fc.constantFrom(
        'hello',
        '',
        'From me to you',
        'From now on\n',
        '>From x',
        '>>From y',
        'From: not a header',
        ' \t',
        'x'.repeat(3_000),
      ),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(body, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 5_000 }),
        async (bodies, chunk) => {
          const mails = bodies.map((lines, i) => mailText(`m${i}`, `${lines.join('\n')}\n`));
          const found = await split(mboxOf(mails), chunk);
          expect(found.map((message) => message.text)).toEqual(mails);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('goes on from the end of any message', async () => {
    const text = mboxOf([mailText('a'), mailText('b'), mailText('c')]);
    const whole = await split(text);
    for (const [i, message] of whole.entries())
      expect(await split(text, 1 << 20, message.end)).toEqual(whole.slice(i + 1));
  });

  it.each([
    ['CRLF line ends', (text: string) => text.replaceAll('\n', '\r\n')],
    ['a Mozilla separator', (text: string) => text.replaceAll(/^From ann.*$/gm, 'From - Mon Nov 16 08:00:00 2026')],
    ['a bare separator', (text: string) => text.replaceAll(/^From ann.*$/gm, 'From MAILER-DAEMON')],
    ['empty lines in front', (text: string) => `\n\n${text}`],
  ])('knows %s', async (_name, change) => {
    expect(await texts(change(mboxOf([mailText('a'), mailText('b')])))).toHaveLength(2);
  });

  it('does not cut at text that only begins like a separator', async () => {
    const bodies = [
      'x\n\nFrom here it is far\nTo: nowhere\n',
      'x\nFrom ann@example.com Mon Nov 16 08:00:00 2026\nSubject: no empty line before\n',
      'x\n\nFrom ann 08:00\nno header\n',
    ];
    for (const body of bodies)
      expect(await texts(`${line}Subject: a\n\n${body}\n${line}Subject: b\n\nend\n`)).toHaveLength(2);
  });

  it('does not believe a Content-Length that would hide the next message', async () => {
    const hidden = `${line}Subject: hidden\n\nevil\n`;
    const text = `${line}Content-Length: ${hidden.length + 4}\nSubject: cover\n\nx\n\n${hidden}`;
    expect(await texts(text)).toHaveLength(2);
  });

  it('takes the end of a cut file as the end of its last message', async () => {
    const text = mboxOf([mailText('a'), mailText('b')]);
    expect(await texts(text.slice(0, -20))).toHaveLength(2);
    expect(await texts(text.slice(0, text.indexOf('Subject: b')))).toHaveLength(2);
    expect(await texts('From x')).toHaveLength(1);
    expect(await texts('')).toEqual([]);
  });
});
