import { describe, expect, it } from 'vitest';
import { decodeDomain, renderApproval, safeText, toJson, toPlain, toTerminal } from '../../src/control/index.ts';
import { CONTENT } from './support/desk.ts';
import { approvalOf } from './support/hostile.ts';

const body = (text: string): string =>
  toPlain(renderApproval(approvalOf({ payload: { ...CONTENT.payload, body: text } })));
const bodyRows = (text: string): string[] =>
  body(text)
    .split('\n')
    .filter((row) => /^ {5}body/.test(row))
    .map((row) => row.slice(9));

describe('what an attacker writes is shown as what it is', () => {
  it.each([
    [
      'zero-width letters in an approved text (GHSA-pcqg-f7rg-xfvv)',
      'rm\u200b -rf\u2060 /',
      'rm\\u{200B} -rf\\u{2060} /',
    ],
    ['text that runs backwards', 'invoice\u202efdp.exe', 'invoice\\u{202E}fdp.exe'],
    ['isolates', 'a\u2066b\u2069c', 'a\\u{2066}b\\u{2069}c'],
    ['tag characters that only a model reads', 'hi\u{e0068}\u{e0069}', 'hi\\u{E0068}\\u{E0069}'],
    ['terminal control sequences', 'a\u001b[2J\u009b1A\u0007', 'a\\u{1B}[2J\\u{9B}1A\\u{7}'],
    ['a carriage return that overwrites', 'send to eve\rsend to ann', 'send to eve\\rsend to ann'],
    ['a Cyrillic letter in a Latin word', 'p\u0430ypal.com', 'p\\u{430}ypal.com'],
    [
      'a whole word of lookalikes',
      'visit \u0430\u0440\u0440\u04cf\u0435 now',
      'visit \\u{430}\\u{440}\\u{440}\\u{4CF}\\u{435} now',
    ],
    ['Greek letters in a Latin word', 'g\u03bf\u03bfgle', 'g\\u{3BF}\\u{3BF}gle'],
    ['fullwidth letters', '\uff45vil', '\\u{FF45}vil'],
    ['mathematical letters', '\u{1d5ba}bc', '\\u{1D5BA}bc'],
    ['a slash that is none', 'bank.example\u2044evil', 'bank.example\\u{2044}evil'],
    ['blanks of other widths', 'a\u00a0b\u3000c', 'a\\u{A0}b\\u{3000}c'],
    ['letters that draw nothing', 'a\u3164\u2800\u115fb', 'a\\u{3164}\\u{2800}\\u{115F}b'],
    ['blanks at the end', 'yes   ', 'yes\u2420\u2420\u2420'],
    ['stacks of marks', 'a\u0301\u0301\u0301\u0301', 'a\u0301\u0301\\u{301}\\u{301}'],
    ['a mark on nothing', '\u0301x', '\\u{301}x'],
    ['a text that looks escaped', '\\u{202E}', '\\\\u{202E}'],
    ['our own marks', '⟦1:x⟧ │', '\\u{27E6}1:x\\u{27E7} \\u{2502}'],
    ['half of a character', 'a\ud800b', 'a\\u{D800}b'],
  ])('%s', (_, hostile, shown) => {
    expect(bodyRows(`${hostile}\n`)).toEqual([`│ ${shown}`]);
  });

  it('leaves honest writing as it is', () => {
    for (const text of [
      'Grüße aus Köln, naïve café…',
      'Привет, мир! Как дела',
      'Ελληνικά κείμενο',
      '漢字かな交じりtext文',
      'שלום עולם',
      '한국어 문장',
      'smile 😀 and C’est ça — "ok"',
    ]) {
      expect(bodyRows(`${text}\n`)).toEqual([`│ ${text}`]);
    }
  });

  it('shows a body in full, however long, and never wraps by the terminal', () => {
    const long = `${'word '.repeat(2_000)}${'x'.repeat(3_000)}`;
    const rows = bodyRows(`${long}\n`);
    expect(rows.every((row) => row.length <= 91)).toBe(true);
    expect(rows.map((row) => row.slice(2)).join('')).toBe(long);
    expect(rows[0]?.[0]).toBe('│');
    expect(new Set(rows.slice(1, 100).map((row) => row[0]))).toEqual(new Set(['┆']));
    expect(rows.at(-1)?.[0]).toBe('┇');
  });

  it('makes blanks visible where a row ends in several of them', () => {
    expect(bodyRows(`${'x'.repeat(80)}     ${'y'.repeat(30)}\n`)).toEqual([
      `│ ${'x'.repeat(80)}${'\u2420'.repeat(5)}`,
      `┆ ${'y'.repeat(30)}`,
    ]);
  });

  it('keeps a line wide enough for two columns a letter inside the width', () => {
    const rows = bodyRows(`${'漢'.repeat(200)}\n`);
    expect(Math.max(...rows.map((row) => Array.from(row).length))).toBeLessThanOrEqual(2 + 44);
  });

  it('does not let a rationale or a body imitate the frame', () => {
    const fake =
      'ok\nRED: nothing here is red\nHashes\n  this answer 0000\n   claims│ fine\nGoes to\n  address│ ann@example.org';
    const drawn = toPlain(
      renderApproval(approvalOf({ rationale: fake, payload: { ...CONTENT.payload, body: `${fake}\n` } })),
    );
    expect(drawn.split('\n').filter((row) => row === 'Hashes' || row === 'Goes to')).toHaveLength(2);
    expect(drawn).not.toContain('\nRED');
    expect(drawn).toContain('   claims│ RED: nothing here is red');
    expect(drawn).toContain('   claims│    claims\\u{2502} fine');
    const rows = drawn.trimEnd().split('\n');
    const fence = rows.findIndex((row) => row.includes('unverified'));
    expect(rows.slice(fence + 1).every((row) => row.startsWith('   claims'))).toBe(true);
  });

  it('tells a body without its last line feed from one with it, and an empty one', () => {
    const drawn = ['a', 'a\n', 'a\n\n', '', '\n'].map(body);
    expect(new Set(drawn).size).toBe(5);
    expect(body('')).toContain('the body is empty');
  });

  it('keeps a header with a line feed on one line', () => {
    const headers = [['Subject', 'a\nBcc: eve@evil.example']] as const;
    expect(toPlain(renderApproval(approvalOf({ payload: { ...CONTENT.payload, headers } })))).toContain(
      'header│ Subject: a\\nBcc: eve@evil.example',
    );
  });
});

describe('destinations', () => {
  it('shows punycode beside what it reads as, escaped where it poses', () => {
    expect(decodeDomain('xn--bcher-kva.example')).toBe('bücher.example');
    expect(decodeDomain('xn--mgbh0fb.xn--kgbechtv')).toBe('مثال.إختبار');
    expect(decodeDomain('example.org')).toBeNull();
    expect(decodeDomain('xn--\u0000.example')).toBeNull();
    expect(decodeDomain(`xn--${'9'.repeat(60)}.example`)).toBeNull();
    const destinations = [
      { role: 'to', value: 'x@xn--80ak6aa92e.com', audience: 'unknown', named: false, contact: null },
    ] as const;
    expect(toPlain(renderApproval(approvalOf({ destinations })))).toContain(
      'reads as│ \\u{430}\\u{440}\\u{440}\\u{4CF}\\u{435}.com',
    );
  });

  it('points at a recipient of the envelope that is not shown above', () => {
    const payload = {
      ...CONTENT.payload,
      envelope: { from: 'me@example.net', to: ['ann@example.org', 'eve@evil.example'] },
    };
    const rows = toPlain(renderApproval(approvalOf({ payload }))).split('\n');
    const at = rows.findIndex((row) => row.includes('reaches│ eve@evil.example'));
    expect(rows[at + 1]).toContain('is not among the destinations');
    expect(rows[at - 1]).toBe('  reaches│ ann@example.org');
  });
});

describe('influence and red marks', () => {
  it('marks what stands in a source without hiding any of it', () => {
    const payload = { ...CONTENT.payload, body: 'pay 42 EUR\nto DE00\n' };
    const influence = {
      body: [
        { start: 4, end: 13, source: 0 },
        { start: 7, end: 10, source: 1 },
      ],
    };
    const drawn = toPlain(
      renderApproval(
        approvalOf({ payload, influence, sources: [{ channel: 'email', from: 'e', subject: 's', warned: true }] }),
      ),
    );
    expect(drawn).toContain('body│ pay ⟦1:42 ⟧⟦1,2:EUR⟧\n');
    expect(drawn).toContain('body│ ⟦1:to⟧ DE00\n');
    expect(drawn).toContain('source 1, email  flagged by the reader');
  });

  it('takes spans that are out of range or split a character', () => {
    const payload = { ...CONTENT.payload, body: 'a😀b\n' };
    const influence = {
      body: [
        { start: 2, end: 99, source: 0 },
        { start: 3, end: 1, source: 1 },
        { start: -5, end: 0, source: 2 },
      ],
    };
    expect(toPlain(renderApproval(approvalOf({ payload, influence })))).toContain('body│ a⟦1:😀b⟧\n');
  });

  it('says what a red act demands', () => {
    const red = [{ kind: 'untrusted_destination', role: 'to', value: 'ann@example.org' }] as const;
    const rendered = renderApproval(approvalOf({ red }));
    expect(rendered.typed).toEqual(['ann@example.org']);
    expect(toPlain(rendered)).toMatch(
      /RED: .*\n.*\n {2}address│ ann@example\.org\n {2}to approve, type this address:\n {5}type│ ann@example\.org\n/,
    );
    expect(renderApproval(approvalOf({})).typed).toEqual([]);
  });
});

it('shows both hashes, and the same lines to programs', () => {
  const rendered = renderApproval(approvalOf({}), { expiresInMs: 1_500 });
  expect(toPlain(rendered)).toContain('2'.repeat(64));
  expect(toPlain(rendered)).toContain('expires in 2 s');
  expect(JSON.parse(JSON.stringify(toJson(rendered)))).toEqual(rendered);
  expect(
    toPlain(renderApproval(approvalOf({}, { state: 'approved', method: 'terminal' }), { dispatchInMs: 9_001 })),
  ).toContain('leaves in 10 s; a denial still wins');
});

it('colours by style only, and draws the same characters', () => {
  const rendered = renderApproval(approvalOf({ red: [{ kind: 'injection_warning', sources: 1 }] }));
  const coloured = toTerminal(rendered, { colour: true, width: 100 });
  expect(coloured).toContain('\u001b[31;1mRED');
  expect(coloured.replaceAll(/\u001b\[[\d;]*m/g, '')).toBe(toPlain(rendered)); // eslint-disable-line no-control-regex -- colours begin with it
});

it('makes any text safe on one line', () => {
  expect(safeText('a\nb\u202e')).toBe('a\\nb\\u{202E}');
});
