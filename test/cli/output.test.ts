import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutText, makeIo, renderTable, sayDuration, type Io } from '../../src/cli/output.ts';
import { hostileText } from '../control/support/hostile.ts';

interface Place {
  readonly isTTY: boolean;
  readonly env?: Record<string, string>;
  readonly colour?: boolean;
}

/** An `Io` on streams that only remember. */
function openIo({ isTTY, env = {}, colour = true }: Place): { io: Io; written: () => string } {
  let text = '';
  const stream = {
    isTTY,
    columns: 80,
    write: (chunk: string) => ((text += chunk), true),
  } as unknown as NodeJS.WriteStream;
  return { io: makeIo({ stdout: stream, stderr: stream, env, colour }), written: () => text };
}

describe('colour', () => {
  it.each([
    [{ isTTY: true }, true],
    [{ isTTY: false }, false],
    [{ isTTY: true, colour: false }, false],
    [{ isTTY: true, env: { NO_COLOR: '1' } }, false],
    [{ isTTY: true, env: { NO_COLOR: '' } }, true],
    [{ isTTY: true, env: { TERM: 'dumb' } }, false],
  ])('at %j is %s', (place, expected) => {
    expect(openIo(place).io.colour).toBe(expected);
  });
});

describe('what is printed', () => {
  it('cannot drive a terminal, whoever wrote it', () => {
    fc.assert(
      fc.property(fc.oneof(hostileText, fc.string({ unit: 'binary' })), fc.boolean(), (text, isTTY) => {
        const { io, written } = openIo({ isTTY });
        io.write(text);
        io.error(text);
        // Our own colours begin with it: at a terminal one may stand before `[`.
        const left = written()
          .replaceAll(/[\n\t]/g, '')
          .replaceAll('\u001b[', isTTY ? '' : '\u001b[');
        expect(left).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  it('as JSON says the same after that', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { io, written } = openIo({ isTTY: true });
        io.write(JSON.stringify({ text }));
        expect(JSON.parse(written())).toEqual({ text });
      }),
    );
  });

  it('lets our own colours through at a terminal, and nothing that begins like them', () => {
    const { io, written } = openIo({ isTTY: true });
    io.write('\u001b[31mred\u001b[0m \u001b[2J \u001b]0;title\u0007');
    expect(written()).toBe('\u001b[31mred\u001b[0m \\u001b[2J \\u001b]0;title\\u0007\n');
  });
});

it('lays columns by the width that a terminal draws', () => {
  const rows = renderTable(
    { colour: false },
    ['A', 'B'],
    [
      ['漢字', 'x'],
      ['abcd', 'y'],
      ['z', ''],
    ],
  );
  expect(rows).toEqual(['A     B', '漢字  x', 'abcd  y', 'z']);
  expect(cutText('漢字漢字', 5)).toBe('漢字…');
  expect(cutText('short', 5)).toBe('short');
});

it('says spans of time in one unit', () => {
  expect([0, 119_000, 120_000, 7_200_000, 172_800_000].map(sayDuration)).toEqual([
    '0 s',
    '119 s',
    '2 min',
    '2 h',
    '2 d',
  ]);
});
