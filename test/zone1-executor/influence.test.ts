import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { influenceSpans } from '../../src/zone1-executor/influence.ts';

const RUN = 16;

/** Places of `text` that stand in `source` in a stretch of sixteen characters at least, found the slow way. */
function standsIn(text: string, source: string): boolean[] {
  const places = Array.from(text.split(''), () => false);
  for (let i = 0; i + RUN <= text.length; i++)
    if (source.includes(text.slice(i, i + RUN))) places.fill(true, i, i + RUN);
  return places;
}

describe('influence', () => {
  test('marks exactly what stands word for word in a source, the first source first', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '😀'), maxLength: 60 });
    fc.assert(
      fc.property(letters, letters, letters, fc.nat(40), (head, tail, stolen, cut) => {
        const text = `${head}${stolen.slice(cut)}${tail}`;
        if (text.length < RUN) return;
        const sources = [stolen, `${tail}${head}`];
        const marked = Array.from(text.split(''), () => -1);
        for (const { start, end, source } of influenceSpans(text, sources)) marked.fill(source, start, end);
        const [first, second] = sources.map((source) => standsIn(text, source));
        expect(marked).toEqual(marked.map((_, i) => (first?.[i] === true ? 0 : second?.[i] === true ? 1 : -1)));
      }),
    );
  });

  test('short texts are compared whole', () => {
    expect(influenceSpans('4711', ['your code is 4711'])).toEqual([{ start: 0, end: 4, source: 0 }]);
    expect(influenceSpans('abc', ['abc'])).toEqual([]);
    expect(influenceSpans('4712', ['your code is 4711'])).toEqual([]);
  });
});
