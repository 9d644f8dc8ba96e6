import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html, mail, read, vectorPath } from './support.ts';

const RUNS = process.env['SLOW'] === '1' ? 20_000 : 150;
const SEEDS = readdirSync(vectorPath('.'))
  .filter((name) => name.endsWith('.eml'))
  .map((name) => readFileSync(vectorPath(name)));
const DEV_MAIL = fileURLToPath(new URL('../../../shared/data/mail-dev', import.meta.url));

/** A seed mail with bytes changed, cut, doubled or foreign bytes put in. */
const mutated = fc
  .record({
    seed: fc.nat(SEEDS.length - 1),
    edits: fc.array(
      fc.record({
        at: fc.nat(5_000),
        kind: fc.constantFrom('flip', 'cut', 'double', 'insert'),
        bytes: fc.uint8Array({ maxLength: 24 }),
      }),
      { maxLength: 12 },
    ),
  })
  .map(({ seed, edits }) => {
    let bytes = Buffer.from(SEEDS[seed] ?? []);
    for (const { at, kind, bytes: extra } of edits) {
      const place = bytes.length === 0 ? 0 : at % bytes.length;
      if (kind === 'flip') bytes[place] = extra[0] ?? 0;
      else if (kind === 'cut') bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + extra.length)]);
      else if (kind === 'double') bytes = Buffer.concat([bytes, bytes.subarray(place)]);
      else bytes = Buffer.concat([bytes.subarray(0, place), extra, bytes.subarray(place)]);
    }
    return bytes;
  });

const TAG = fc.constantFrom(
  'div',
  'p',
  'table',
  'td',
  'tr',
  'a href="x"',
  'b',
  'style',
  'script',
  'svg',
  'math',
  'template',
  'select',
  'li',
  'ul',
  'title',
  'textarea',
  '!--',
  '/div',
  '/p',
  '/table',
  '/b',
  'br',
  'frameset',
  'noscript',
  'pre',
  'p style="display:none"',
  'p class="a"',
);
const SOUP = fc.array(
  fc.oneof(
    TAG.map((tag) => `<${tag}>`),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom('&amp;', '&#0;', '&#xD800;', '-->', '.a{display:none}', ']]>'),
  ),
  { maxLength: 60 },
);

describe('any bytes give an extract that Zone 1 takes', () => {
  it('for changed mails', () => {
    fc.assert(
      fc.property(mutated, (bytes) => void read(bytes)),
      { numRuns: RUNS },
    );
  });

  it('for random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => void read(bytes)),
      { numRuns: RUNS },
    );
  });

  it('for tag soup', () => {
    fc.assert(
      fc.property(SOUP, (pieces) => void read(html(pieces.join('')))),
      { numRuns: RUNS },
    );
  });

  it('for any text in headers and body', () => {
    const text = fc.string({ unit: 'binary', maxLength: 300 });
    fc.assert(
      fc.property(text, text, (subject, body) => {
        const extract = read(`From: ${subject} <a@b.example>\r\nSubject: ${subject}\r\n\r\n${body}`);
        expect(extract.sanitized_length).toBe(extract.body.length);
      }),
      { numRuns: RUNS },
    );
  });

  it('for every charset label over random bytes', () => {
    const labels = fc.constantFrom(
      'utf-8',
      'utf-7',
      'iso-8859-8',
      'koi8-r',
      'gb18030',
      'big5',
      'euc-jp',
      'iso-2022-jp',
      'shift_jis',
      'utf-16le',
      'utf-16',
      'windows-1251',
      'x-user-defined',
      'hz-gb-2312',
      '',
      'nonsense',
    );
    fc.assert(
      fc.property(
        labels,
        fc.uint8Array({ maxLength: 400 }),
        (label, bytes) => void read(Buffer.concat([Buffer.from(mail('', `text/plain; charset=${label}`)), bytes])),
      ),
      { numRuns: RUNS },
    );
  });

  it('reading the body once more changes nothing that draws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const once = read(mail(text)).body;
        expect(read(mail(once)).body).toBe(once);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('mail that nobody here wrote', () => {
  if (!existsSync(DEV_MAIL)) {
    const reason = `${DEV_MAIL} is not there; shared mails were not read`;
    console.warn(`SKIPPED: ${reason}`);
    it('is all read', (context) => context.skip(reason));
    return;
  }
  const files = readdirSync(DEV_MAIL).filter((name) => name.endsWith('.eml'));
  it('is all read', () => {
    expect(files.length).toBeGreaterThan(50);
    for (const file of files) read(readFileSync(join(DEV_MAIL, file)));
  });
});
