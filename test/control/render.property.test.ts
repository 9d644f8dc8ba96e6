import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ApprovalContent } from '../../src/contracts/index.ts';
import { renderApproval, safeName, safeText, toPlain, toTerminal } from '../../src/control/index.ts';
import { approvalOf, hostileContent, hostileText } from './support/hostile.ts';

const RUNS = process.env['SLOW'] === '1' ? 20_000 : 600;
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;
const DATA_ROW = /^ *[\w -]{1,9}[│┆┇] /u;

const plain = (content: ApprovalContent, width = 100): string =>
  toPlain(renderApproval(approvalOf(content, { action: content.action })), width);

describe('for any content', () => {
  it('puts no control, bidirectional, zero-width or blank-like character out', () => {
    fc.assert(
      fc.property(hostileContent, fc.integer({ min: 1, max: 200 }), (content, width) => {
        const rendered = renderApproval(approvalOf(content));
        for (const row of toPlain(rendered, width).split('\n')) {
          expect(row).not.toMatch(UNSEEN);
          expect(row.replaceAll(' ', '')).not.toMatch(/\p{Zs}/u);
        }
        const coloured = toTerminal(rendered, { colour: true, width });
        // Our own colours, and nothing else that begins like them, may stand here.
        const uncoloured = ['0', '1', '2', '33', '33;1', '31;1', '35;7'].reduce(
          (text, code) => text.replaceAll(`\u001b[${code}m`, ''),
          coloured,
        );
        expect(uncoloured).toBe(toPlain(rendered, width));
      }),
      { numRuns: RUNS },
    );
  });

  it('draws every foreign row behind a gutter, never wider than asked, and every row of ours without one', () => {
    fc.assert(
      fc.property(hostileContent, fc.integer({ min: 40, max: 120 }), (content, width) => {
        for (const row of toPlain(renderApproval(approvalOf(content)), width).split('\n')) {
          if (!DATA_ROW.test(row)) expect(row).not.toMatch(/[│┆┇⟦⟧␠]/u);
          else expect(Array.from(row).length).toBeLessThanOrEqual(width);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('loses and adds nothing of a body, whatever is marked in it', () => {
    fc.assert(
      fc.property(hostileContent, fc.integer({ min: 40, max: 120 }), (content, width) => {
        expect(bodyOf(plain(content, width))).toBe(content.payload.body);
      }),
      { numRuns: RUNS },
    );
  });

  it('never draws two contents alike', () => {
    fc.assert(
      fc.property(hostileContent, hostileContent, fc.nat(20), (a, b, pick) => {
        const other = mutate(a, b, pick);
        if (plain(a) === plain(other)) expect(normal(other)).toEqual(normal(a));
      }),
      { numRuns: RUNS * 2 },
    );
  });

  it('never draws two texts alike', () => {
    fc.assert(
      fc.property(hostileText, hostileText, (a, b) => {
        expect(unescape(safeText(a))).toBe(a);
        expect(safeName(a) === safeName(b)).toBe(a === b);
      }),
      { numRuns: RUNS * 2 },
    );
  });
});

/** `a` with one part taken from `b`. */
function mutate(a: ApprovalContent, b: ApprovalContent, pick: number): ApprovalContent {
  const keys = Object.keys(a) as (keyof ApprovalContent)[];
  const key = keys[pick % keys.length] ?? 'rationale';
  if (key === 'payload' && pick > 10) return { ...a, payload: { ...a.payload, headers: b.payload.headers } };
  if (key === 'payload' && pick > 5) return { ...a, payload: { ...a.payload, body: b.payload.body } };
  return { ...a, [key]: b[key] };
}

/** Reads the body back out of what was drawn, as a careful person would. */
function bodyOf(drawn: string): string {
  const rows = drawn.split('\n');
  const lines: string[] = [];
  for (const row of rows) {
    const found = /^ {5}body([│┆┇]) (.*)$/u.exec(row);
    if (found === null) continue;
    if (found[1] === '│') lines.push(found[2] ?? '');
    else lines[lines.length - 1] = `${lines.at(-1) ?? ''}${found[2] ?? ''}`;
  }
  if (rows.includes('          the body is empty')) return '';
  const text = lines.map((line) => unescape(line.replaceAll(/⟦[\d,]+:|⟧/gu, ''))).join('\n');
  return rows.includes('          the last line has no line feed') ? text : `${text}\n`;
}

function unescape(text: string): string {
  return text
    .replaceAll('␠', ' ')
    .replaceAll(/\\(?:u\{([0-9A-F]+)\}|([\\tnr]))/g, (_, hex?: string, short?: string) => {
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      return { '\\': '\\', t: '\t', n: '\n', r: '\r' }[short ?? ''] ?? '';
    });
}

/** What of a content has to be told apart: influence by the letters it covers, the rest as it is. */
function normal(content: ApprovalContent): unknown {
  const covered = (text: string, spans: ApprovalContent['influence'][string]): string =>
    Array.from(text.replaceAll(/[\ud800-\udbff][\udc00-\udfff]/g, '\u0001\u0002'), (letter, at) => {
      const inside = spans.filter((span) => {
        const partner = letter === '\u0002' ? at - 1 : letter === '\u0001' ? at + 1 : at;
        const within = (place: number): boolean => span.start <= place && place < span.end;
        return span.end > span.start && (within(at) || within(partner));
      });
      return letter === '\n' ? '' : [...new Set(inside.map((span) => span.source))].sort((a, b) => a - b).join();
    }).join('|');
  const subjects = content.payload.headers
    .filter(([name]) => name.toLowerCase() === 'subject')
    .map(([, value]) => covered(value, content.influence['subject'] ?? []));
  return {
    ...content,
    influence: [
      covered(content.payload.body.replace(/\n$/, ''), content.influence['body'] ?? []),
      subjects,
      hasInfluence(content),
    ],
  };
}

function hasInfluence(content: ApprovalContent): boolean {
  return Object.values(content.influence).some((spans) => spans.length > 0);
}
