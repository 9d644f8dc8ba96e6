import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame, FrameDecoder, WIRE_FRAME_LIMITS } from '../../src/bridge/index.ts';

const push = (text: string | Buffer): unknown[] => new FrameDecoder().push(Buffer.from(text as string));

describe('frames', () => {
  test('come out whole however the bytes are cut', () => {
    const json = fc.object({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as object);
    fc.assert(
      fc.property(fc.array(json, { maxLength: 8 }), fc.integer({ min: 1, max: 40 }), (messages, step) => {
        const bytes = Buffer.concat(messages.map((message) => encodeFrame(message)));
        const decoder = new FrameDecoder();
        const out: unknown[] = [];
        for (let at = 0; at < bytes.length; at += step) out.push(...decoder.push(bytes.subarray(at, at + step)));
        expect(out).toEqual(messages);
        expect(decoder.midFrame).toBe(false);
      }),
    );
  });

  test('a line that is no JSON object is refused', () => {
    for (const bad of ['[]', '1', 'null', '"x"', '{', '{"a":1}}', "{'a':1}", '{"a":1,}', '\ufeff{"a":1}', '{"a":NaN}'])
      expect(() => push(`${bad}\n`)).toThrow(/frame/);
    expect(push('{"a":1}\n\n{"b":2}\n')).toEqual([{ a: 1 }, { b: 2 }]);
  });

  test('bytes that are no UTF-8 are refused', () => {
    expect(() => push(Buffer.from([123, 34, 97, 34, 58, 34, 0xff, 34, 125, 10]))).toThrow(/UTF-8/);
    expect(push('{"a":"é€😀"}\n')).toEqual([{ a: 'é€😀' }]);
  });

  test('a frame is refused for its size before its end is there', () => {
    const decoder = new FrameDecoder({ ...WIRE_FRAME_LIMITS, bytesMax: 100 });
    decoder.push(Buffer.alloc(100, 32));
    expect(() => decoder.push(Buffer.alloc(1, 32))).toThrow(/passes 100 bytes/);
    expect(new FrameDecoder({ ...WIRE_FRAME_LIMITS, bytesMax: 9 }).push(Buffer.from('{"a":"x"}\n'))).toEqual([
      { a: 'x' },
    ]);
  });

  test('depth is counted before parsing and outside strings only', () => {
    const nested = (n: number): string => `{"a":${'['.repeat(n - 1)}${']'.repeat(n - 1)}}\n`;
    expect(push(nested(32))).toHaveLength(1);
    expect(() => push(nested(33))).toThrow(/nested deeper/);
    expect(push(`{"a":"${'['.repeat(1_000)}"}\n`)).toHaveLength(1);
    expect(push('{"a":"\\"[[[[\\\\","b":"{{{"}\n')).toEqual([{ a: '"[[[[\\', b: '{{{' }]);
    expect(() => push(`${'{"a":'.repeat(100_000)}\n`)).toThrow(/nested deeper/);
  });

  test('the number of members is bounded', () => {
    const many = (n: number): string => `{"a":[${Array.from({ length: n }, () => '0').join(',')}]}\n`;
    expect(push(many(99_000))).toHaveLength(1);
    expect(() => push(many(100_001))).toThrow(/members/);
  });

  test('the depth that is counted is never less than the depth that is parsed', () => {
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
    fc.assert(
      fc.property(
        fc.object({
          maxDepth: 6,
          key: fc.string(),
          values: [fc.string(), fc.constantFrom('\\', '"', '\\"', '[{', '\\\\"')],
        }),
        (value) => {
          const plain = JSON.parse(JSON.stringify(value)) as object;
          const depth = depthOf(plain);
          expect(new FrameDecoder({ ...WIRE_FRAME_LIMITS, depthMax: depth }).push(encodeFrame(plain))).toEqual([plain]);
          if (depth > 1)
            expect(() =>
              new FrameDecoder({ ...WIRE_FRAME_LIMITS, depthMax: depth - 1 }).push(encodeFrame(plain)),
            ).toThrow(/nested/);
        },
      ),
    );
  });
});
