import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { parse, type DefaultTreeAdapterTypes } from 'parse5';
import { beforeAll, describe, expect, it } from 'vitest';
import { HtmlReport } from '../../src/cli/scan/html-report.ts';
import type { Row } from '../../src/cli/scan/row.ts';
import { addRow, emptySummary } from '../../src/cli/scan/summary.ts';
import { describeRow, describeSummary } from '../../src/cli/scan/table.ts';
import { fitText, safeText, textWidth } from '../../src/cli/scan/terminal-text.ts';
import { buildOnce, hostileMail, runScan, tempFolder } from './scan-support.ts';

beforeAll(buildOnce, 120_000);

const TRICKS = [
  '\u001b[2J\u001b]0;owned\u0007',
  '\r',
  '\n',
  '\u009b31m',
  '\u202egpj.exe',
  '\u2066x',
  '\u200b',
  '\u{e0041}',
  '\ufeff',
  'e' + '\u0301'.repeat(50),
  '\u0000',
  '\u007f',
  '\ud800',
];
const MARKUP = [
  '</td><script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onclick='x",
  '&lt;b&gt;',
  '`',
  '<!--',
  ']]>',
  '<svg/onload=x>',
];
/* oxlint-disable no-control-regex -- the characters that may not come through */
const DANGEROUS =
  /[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}\p{Cs}]/u;
const MOVES = /[\n\u001b]/;
/* oxlint-enable no-control-regex */

function row(text: string): Row {
  const finding = { rule: 'hidden_text', severity: 'high' as const, why: text, part: 'body', start: 0, end: 1 };
  return {
    channel: 'telegram',
    source: text,
    number: 1,
    offset: 0,
    bytes: 1,
    level: 'high',
    failed: null,
    from: text,
    subject: text,
    date: null,
    score: 1,
    warning: true,
    hidden: 1,
    links: 0,
    attachments: [text],
    truncated: false,
    findings: [finding],
  };
}

const anyText = fc
  .array(fc.oneof(fc.constantFrom(...TRICKS, ...MARKUP), fc.string({ unit: 'binary', maxLength: 20 })), {
    maxLength: 8,
  })
  .map((list) => list.join(''));

describe('hostile text on a terminal', () => {
  it('holds nothing that moves the cursor, hides or changes direction, in a table or a summary', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 40, max: 160 }), (text, columns) => {
        const summary = emptySummary();
        addRow(summary, row(text), { threshold: 'low', top: 5 });
        summary.problems.push({ path: text, sentence: 'x' });
        const lines = [
          ...describeRow(row(text), { columns, color: false }),
          ...describeSummary(summary, { columns, color: false, threshold: 'low', elapsedMs: 1 }),
        ];
        for (const line of lines) {
          expect(line).not.toMatch(DANGEROUS);
          expect(line).not.toMatch(MOVES);
        }
        for (const line of describeRow(row(text), { columns, color: false }))
          expect(textWidth(line)).toBeLessThanOrEqual(columns);
      }),
      { numRuns: 500 },
    );
  });

  it('is shown as what it is, in columns that hold', () => {
    expect(safeText('a\u202eb')).toBe('a\\u{202e}b');
    expect(fitText('漢字かな', 5)).toBe('漢字…');
    expect(textWidth(fitText('漢字かな', 6))).toBe(6);
    expect(textWidth(fitText('ab', 5))).toBe(5);
    expect(safeText(`e${'\u0301'.repeat(50)}`)).toHaveLength(3);
    expect(safeText('Grüße שלום 漢字')).toBe('Grüße שלום 漢字');
  });
});

type Node = DefaultTreeAdapterTypes.Node;

function elements(node: Node, found: DefaultTreeAdapterTypes.Element[] = []): DefaultTreeAdapterTypes.Element[] {
  if ('tagName' in node) found.push(node);
  if ('childNodes' in node) for (const child of node.childNodes) elements(child, found);
  return found;
}

const TAGS = new Set([
  'html',
  'head',
  'meta',
  'title',
  'style',
  'body',
  'h1',
  'pre',
  'div',
  'input',
  'select',
  'option',
  'details',
  'summary',
  'table',
  'thead',
  'tbody',
  'tr',
  'th',
  'td',
  'button',
  'ul',
  'li',
  'span',
  'script',
]);
const ATTRIBUTES = new Set([
  'lang',
  'charset',
  'http-equiv',
  'content',
  'name',
  'class',
  'id',
  'hidden',
  'type',
  'aria-label',
  'placeholder',
  'value',
  'open',
  'data-l',
  'data-n',
  'data-k',
]);

function checkPage(page: string): void {
  const found = elements(parse(page));
  for (const element of found) {
    expect(TAGS).toContain(element.tagName);
    for (const { name, value } of element.attrs) {
      expect(ATTRIBUTES).toContain(name);
      if (name.startsWith('data-')) expect(value).toMatch(/^[lnw]$|^\d+$/);
    }
  }
  expect(found.filter((element) => element.tagName === 'script')).toHaveLength(1);
  expect(found.filter((element) => element.tagName === 'style')).toHaveLength(1);
  expect(page).not.toMatch(DANGEROUS);
}

describe('hostile text in the HTML report', () => {
  it('adds no element and no attribute, whatever the message says', async () => {
    const path = join(tempFolder(), 'report.html');
    const report = new HtmlReport(path);
    const summary = emptySummary();
    for (const text of [...TRICKS, ...MARKUP, ...fc.sample(anyText, { numRuns: 700, seed: 7 })]) {
      report.add(row(text));
      addRow(summary, row(text), { threshold: 'low', top: 5 });
    }
    summary.problems.push({ path: MARKUP.join(''), sentence: 'x' });
    await report.finish(summary, { threshold: 'low', elapsedMs: 1 });
    const page = readFileSync(path, 'utf8');
    checkPage(page);
    expect(page.match(/<tr data-l/g)).toHaveLength(TRICKS.length + MARKUP.length + 700);
    expect(page.match(/<details/g)).toHaveLength(2);
  });

  it('stays data in the page of a real scan', async () => {
    const folder = tempFolder();
    writeFileSync(
      join(folder, 'x.eml'),
      hostileMail('</td><script>alert(1)</script>').replace('SYSTEM', '<script>evil()</script> "onload=" SYSTEM'),
    );
    const html = join(folder, 'out.html');
    expect((await runScan({ paths: [join(folder, 'x.eml')], html })).code).toBe(3);
    const page = readFileSync(html, 'utf8');
    checkPage(page);
    expect(page).toContain('&#60;script&#62;alert(1)');
    expect(page).toContain('default-src &#39;none&#39;');
  });
});
