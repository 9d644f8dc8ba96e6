import { describe, expect, it } from 'vitest';
import { parseAnnotations, parseRates } from '../../src/policy/annotations.ts';
import { joinTerms, stricterApproval } from '../../src/policy/obligations.ts';
import { policyOf, problemsOf } from './support.ts';

const NOTHING = { approval: null, rates: [], delayMs: 0 };
const terms = (annotations: object): unknown => {
  const read = parseAnnotations('permit', annotations);
  return read.kind === 'terms' ? read.terms : read.message;
};

describe('annotations', () => {
  it('are read in full', () => {
    expect(terms({ approval: '2-of-3', delay: '120s', rate: '120/hour, 1000 items/day' })).toEqual({
      approval: '2-of-3',
      delayMs: 120_000,
      rates: [
        { count: 120, unit: 'acts', windowMs: 3_600_000 },
        { count: 1000, unit: 'items', windowMs: 86_400_000 },
      ],
    });
    expect(terms({ delay: '0s' })).toEqual(NOTHING);
    expect(parseAnnotations('permit', undefined)).toEqual({ kind: 'terms', id: null, terms: NOTHING });
    expect(parseAnnotations('permit', { id: "mum's mail (home), v2" })).toMatchObject({ id: "mum's mail (home), v2" });
  });

  it('refuse the file when the name or the value is not known: absent, empty and wrong alike', () => {
    for (const [name, value] of [
      ['aproval', 'owner'],
      ['Approval', 'owner'],
      ['constructor', 'x'],
      ['approval', 'Owner'],
      ['approval', ''],
      ['approval', null],
      ['approval', 'none '],
      ['approval', 'ownerr'],
      ['rate', ''],
      ['rate', '10'],
      ['rate', '0/hour'],
      ['rate', '-1/hour'],
      ['rate', '1.5/hour'],
      ['rate', '10/week'],
      ['rate', '10 /hour'],
      ['rate', '1000000/hour'],
      ['rate', '10/hour,20/day'],
      ['rate', '10/hour, 5/hour'],
      ['rate', '10 mails/hour'],
      ['rate', '10/constructor'],
      ['delay', ''],
      ['delay', '10'],
      ['delay', '10m'],
      ['delay', '121s'],
      ['delay', '-1s'],
      ['delay', '01s'],
      ['delay', '1.5s'],
      ['delay', '99999s'],
      ['id', ''],
      ['id', 'a`b'],
      ['id', 'x'.repeat(81)],
      ['id', ' a'],
      ['id', 'caf\u00e9'],
      ['id', null],
    ] as const) {
      expect(parseAnnotations('permit', { [name]: value }).kind, `${name} ${String(value)}`).toBe('wrong');
    }
  });

  it('refuse a misspelt name in a file as a whole, though every other rule is fine; the twin is taken', () => {
    const file = (name: string): string =>
      `permit (principal, action in Action::"read", resource);\n@${name}("owner") permit (principal, action in Action::"draft", resource);`;
    expect(problemsOf(file('aproval'))).toEqual([
      '2: unknown annotation `@aproval`; known are @id, @approval, @rate and @delay',
    ]);
    expect(policyOf(file('approval')).rules.length).toBe(2);
  });

  it('say nothing on a forbid but its name', () => {
    expect(parseAnnotations('forbid', { approval: 'owner' }).kind).toBe('wrong');
    expect(parseAnnotations('forbid', { id: 'a', delay: '1s' }).kind).toBe('wrong');
    expect(parseAnnotations('forbid', { id: 'a' })).toEqual({ kind: 'terms', id: 'a', terms: NOTHING });
  });

  it('count acts unless they say items', () => {
    expect(parseRates('3 acts/minute')).toEqual([{ count: 3, unit: 'acts', windowMs: 60_000 }]);
    expect(parseRates('3 acts/day, 3 items/day')?.map(({ unit }) => unit)).toEqual(['acts', 'items']);
  });
});

describe('obligations', () => {
  it('are the strictest in any order, and the same twice over', () => {
    const a = {
      approval: 'owner' as const,
      delayMs: 5,
      rates: [
        { count: 3, unit: 'items' as const, windowMs: 60_000 },
        { count: 9, unit: 'acts' as const, windowMs: 60_000 },
      ],
    };
    const b = {
      approval: null,
      delayMs: 0,
      rates: [
        { count: 2, unit: 'items' as const, windowMs: 60_000 },
        { count: 1, unit: 'acts' as const, windowMs: 1 },
      ],
    };
    const joined = {
      approval: 'owner',
      delayMs: 5,
      rates: [
        { count: 1, unit: 'acts', windowMs: 1 },
        { count: 9, unit: 'acts', windowMs: 60_000 },
        { count: 2, unit: 'items', windowMs: 60_000 },
      ],
    };
    for (const order of [
      [a, b],
      [b, a],
      [a, b, b, a],
    ])
      expect(joinTerms(order, 'read')).toEqual(joined);
  });

  it('rise none, owner, passkey, 2-of-3', () => {
    expect(stricterApproval('none', 'owner')).toBe('owner');
    expect(stricterApproval('passkey', 'owner')).toBe('passkey');
    expect(stricterApproval('2-of-3', 'passkey')).toBe('2-of-3');
  });
});
