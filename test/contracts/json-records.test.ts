import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JSON_SCAN } from '../../src/contracts/json-scanner.ts';
import { JsonRecordSplitter, type JsonFound } from '../../src/contracts/index.ts';

const RUNS = process.env['SLOW'] === '1' ? 20_000 : 300;
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Splits the file in chunks of the given sizes, over and over. */
function split(file: string | Uint8Array, sizes: readonly number[] = [65_536], max?: number): JsonFound[] {
  const bytes = typeof file === 'string' ? encode(file) : file;
  const splitter = new JsonRecordSplitter(max);
  const found: JsonFound[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    const chunk = bytes.slice(at, at + size);
    found.push(...splitter.push(chunk));
    // The chunk's memory is the caller's again.
    chunk.fill(0);
    at += size;
  }
  return [...found, ...splitter.end()];
}

function values(found: readonly JsonFound[]): unknown[] {
  return found.flatMap((each) => (each.kind === 'record' ? [JSON.parse(new TextDecoder().decode(each.bytes))] : []));
}
const faults = (found: readonly JsonFound[]): JsonFound[] => found.filter((each) => each.kind === 'fault');

describe('a file of chat messages is cut where its messages stand', () => {
  const message = (id: number): object => ({ id, text: 'a "quoted" ] } text \\', messages: [{ id: 'inside' }] });
  const cases: readonly [string, unknown, number[]][] = [
    ['one chat of Telegram Desktop', { name: 'x', type: 'personal_chat', messages: [message(1), message(2)] }, [1, 2]],
    [
      'a whole account, left chats too',
      {
        about: 'text',
        contacts: { list: [message(90)] },
        chats: { about: 'a', list: [{ name: 'a', messages: [message(1)] }, { messages: [message(2), message(3)] }] },
        left_chats: { list: [{ messages: [message(4)] }] },
      },
      [1, 2, 3, 4],
    ],
    ['getUpdates', { ok: true, result: [message(1), message(2)] }, [1, 2]],
    ['conversations.history', { ok: true, messages: [message(1)], has_more: false }, [1]],
    ['search.messages', { ok: true, messages: { total: 2, matches: [message(1), message(2)] } }, [1, 2]],
    ['a day of a Slack export', [message(1), message(2), message(3)], [1, 2, 3]],
    ['one object', { id: 7, nested: { messages: [message(1)] } }, [7]],
    ['an answer with one message', { ok: true, result: { message_id: 5 }, id: 9 }, [9]],
  ];
  it.each(cases)('%s', (_name, file, ids) => {
    for (const indent of [0, 2]) {
      const found = split(JSON.stringify(file, null, indent), [1, 7, 3]);
      expect(faults(found)).toEqual([]);
      expect(values(found).map((value) => Reflect.get(Object(value), 'id'))).toEqual(ids);
      expect(found.map((each) => (each.kind === 'fault' ? 0 : each.number))).toEqual(ids.map((_, i) => i + 1));
    }
  });

  it('JSON lines, also without a last line end, behind a byte order mark, and values without a gap', () => {
    expect(values(split('\u{FEFF}{"a":1}\n{"a":2}\r\n\n{"a":3}'))).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
    expect(values(split('{"a":1}{"a":2} 3 "x"'))).toEqual([{ a: 1 }, { a: 2 }, 3, 'x']);
    expect(split('')).toEqual([]);
    expect(split(' \n ')).toEqual([]);
  });

  it('a name written with escapes leads on as it would for a parser, and one of the prototype does not', () => {
    expect(values(split('{"m\\u0065ssages":[{"a":1}]}'))).toEqual([{ a: 1 }]);
    const own = '{"__proto__":[{"a":1}],"constructor":{"list":[]}}';
    expect(new TextDecoder().decode((split(own)[0] as { bytes: Uint8Array }).bytes)).toBe(own);
  });

  it('names that occur twice lead on twice', () => {
    expect(values(split('{"messages":[1,2],"messages":[3]}'))).toEqual([1, 2, 3]);
  });
});

describe('what is wrong with a file costs no more than it must', () => {
  it('a file that ends early keeps its messages and tells the place', () => {
    const file = '{"messages":[{"a":1},{"a":2},{"a":';
    const found = split(file, [5]);
    expect(values(found)).toEqual([{ a: 1 }, { a: 2 }]);
    expect(found.at(-1)).toMatchObject({ kind: 'fault', at: file.length });
  });

  it.each([
    ['{"messages":[{"a":1},]}', 21],
    ['{"messages":[{"a":1}}', 20],
    ['{"messages":[{"a" 1}]}', 18],
    ['[{"a":1} {"a":2}]', 9],
    ['[{"a":1},{a:2}]', 10],
    ['[{"a":1},@]', 9],
    ['<html>', 0],
    [']', 0],
  ])('tells the place in %s', (file, at) => {
    expect(faults(split(file))).toMatchObject([{ at }]);
    expect(values(split(file)).length).toBeLessThan(2);
  });

  it('a torn line of JSON lines costs itself alone', () => {
    const torn = ['{"a":2', '{"a":"tor', '{"a":[1,', '{"a"', '}{', '{"a":2}x'];
    for (const line of torn) {
      const found = split(`{"a":1}\n${line}\n{"a":3}\n{"a":4}\n`, [3]);
      expect([line, faults(found).length]).toEqual([line, 1]);
      expect([line, values(found).slice(-1)]).toEqual([line, [{ a: 4 }]]);
      expect(values(found)[0]).toEqual({ a: 1 });
    }
  });

  it('a file that is wrong on every line is given up in the end', () => {
    const found = split(`{"a":1}\n${'}\n'.repeat(10_000)}`);
    expect(faults(found)).toHaveLength(JSON_SCAN.faultsMax);
  });

  it('a message over the cap is passed over and told, the ones beside it stay', () => {
    const file = `[{"a":1},{"b":"${'x'.repeat(500)}"},{"a":2}]`;
    for (const size of [1, 64, 4_096]) {
      const found = split(file, [size], 100);
      expect(values(found)).toEqual([{ a: 1 }, { a: 2 }]);
      expect(found[1]).toEqual({ kind: 'skipped', reason: 'too_large', start: 9, end: 517, number: 2 });
    }
    expect(split(`{"b":"${'x'.repeat(500)}"}`, [16], 100)).toMatchObject([{ kind: 'skipped', start: 0 }]);
  });

  it('a message a million brackets deep is passed over, the ones beside it stay', () => {
    const deep = `${'[{"a":'.repeat(500_000)}"]}"${'}]'.repeat(500_000)}`;
    const found = split(`{"messages":[{"a":1},${deep},{"a":2}]}`);
    expect(values(found)).toEqual([{ a: 1 }, { a: 2 }]);
    expect(found[1]).toMatchObject({ kind: 'skipped', reason: 'too_deep' });
    expect(split('['.repeat(1_000_000))).toMatchObject([{ kind: 'fault', at: 1_000_000 }]);
  });

  it('names of any length are held no further than is looked at', () => {
    const found = split(`{"${'\\\\'.repeat(2_000_000)}":1,"messages":[1]}`, [65_536], 100);
    expect(values(found)).toEqual([1]);
  });
});

describe('properties', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
  const json = fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' });

  it('the records of an array are its elements, however the file is cut', () => {
    fc.assert(
      fc.property(fc.array(json, { maxLength: 8 }), sizes, fc.boolean(), (elements, cut, inside) => {
        const file = inside ? { ok: true, x: { messages: elements }, messages: elements } : elements;
        const found = split(JSON.stringify(file), cut);
        expect(values(found)).toEqual(JSON.parse(JSON.stringify(elements)));
        expect(faults(found)).toEqual([]);
        for (const each of found) {
          if (each.kind !== 'record') continue;
          expect(encode(JSON.stringify(file)).slice(each.start, each.end)).toEqual(each.bytes);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('any bytes give an answer, the same one however they are cut', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .array(fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '\\', '\n', '1', 'a', '"messages":[', '{"a":1}'), {
          maxLength: 60,
        })
        .map((all) => encode(all.join(''))),
    );
    fc.assert(
      fc.property(bytes, sizes, (file, cut) => {
        expect(split(file, cut)).toEqual(split(file, [100_000]));
      }),
      { numRuns: RUNS * 3 },
    );
  });
});
