import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ACTIONS,
  atLeastAsRestricted,
  canonicalJson,
  isStricter,
  join,
  joinAll,
  LIMITS,
  makeId,
  MOST_RESTRICTED,
  parseId,
  parseMailAddress,
  PRISTINE,
  UNBUILT_ACTIONS,
  WIRE_REQUESTS,
  type Decision,
  type Json,
  type Label,
} from '../../src/contracts/index.ts';
import { DOERS } from '../../src/zone1-executor/actions/index.ts';

const labels: fc.Arbitrary<Label> = fc.record({
  integrity: fc.constantFrom('trusted', 'untrusted'),
  confidentiality: fc.constantFrom('public', 'private', 'secret'),
  sources: fc.uniqueArray(fc.constantFrom('k_a', 'k_b', 'k_c')).map((sources) => sources.sort()),
});

describe('labels', () => {
  test('join is commutative, associative, idempotent, and never less restricted than its parts', () => {
    fc.assert(
      fc.property(labels, labels, labels, (a, b, c) => {
        expect(join(a, b)).toEqual(join(b, a));
        expect(join(a, join(b, c))).toEqual(join(join(a, b), c));
        expect(join(a, a)).toEqual(a);
        expect(atLeastAsRestricted(join(a, b), a)).toBe(true);
        expect(atLeastAsRestricted(MOST_RESTRICTED, { ...a, sources: [] })).toBe(true);
      }),
    );
  });

  test('nothing joined is pristine, and only that', () => {
    expect(joinAll([])).toEqual(PRISTINE);
    expect(atLeastAsRestricted(PRISTINE, { integrity: 'untrusted', confidentiality: 'public', sources: [] })).toBe(
      false,
    );
  });
});

describe('ids', () => {
  test('carry 128 random bits behind their prefix and are parsed back', () => {
    const seen = new Set(Array.from({ length: 1_000 }, () => makeId('c_', (n) => randomBytes(n))));
    expect(seen.size).toBe(1_000);
    for (const id of seen) expect(parseId('c_', id)).toBe(id);
    expect(makeId('c_', () => new Uint8Array(16).fill(255))).not.toBe(makeId('c_', () => new Uint8Array(16).fill(254)));
  });

  test('another prefix, another length or another letter is no id', () => {
    const id = makeId('c_', (n) => randomBytes(n));
    for (const text of [id.replace('c_', 'r_'), `${id}a`, id.slice(0, -1), `${id.slice(0, -1)}1`, id.toUpperCase(), ''])
      expect(parseId('c_', text)).toBeNull();
  });
});

describe('mail addresses', () => {
  test.each([
    'a@b',
    'Ann.Example@Example.ORG',
    "o'neil+tag@sub.example.co",
    'x@xn--bcher-kva.example',
    `${'a'.repeat(64)}@example.org`,
  ])('takes %s', (text) => {
    expect(parseMailAddress(text)?.key).toBe(text.toLowerCase());
  });

  test.each([
    '',
    '@',
    'a@',
    '@b',
    'a b@c.org',
    'a@b..org',
    '.a@b.org',
    'a.@b.org',
    'a@-b.org',
    'a@b-.org',
    'Ann <a@b.org>',
    '"a b"@c.org',
    'a@[127.0.0.1]',
    'a@127.0.0.1',
    'bob@example.com\r\nBcc: eve@evil.test',
    'bob@exаmple.com',
    'bücher@example.org',
    'a@b.org,c@d.org',
    'a@b.org ',
    ' a@b.org',
    'a@b_c.org',
    `${'a'.repeat(65)}@example.org`,
    'a@b@c.org',
    'a(c)@b.org',
    'a@b.org\u0000',
    'a@b.org\u202e',
    '<a@b.org>',
  ])('refuses %j', (text) => {
    expect(parseMailAddress(text)).toBeNull();
  });

  test('what it takes is ASCII without blanks, quotes, brackets or commas', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const parsed = parseMailAddress(text);
        if (parsed !== null) expect(parsed.text).toMatch(/^[!#-'*+\-/-9=?A-Z^-~]+(?:\.[^.@,<>"\s]+)*@[a-z0-9.-]+$/);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('canonical JSON', () => {
  // Test data of RFC 8785, section 3.2.2 and 3.2.3, and of its appendix B.
  test('gives the text of RFC 8785 for its own example', () => {
    const text =
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}';
    expect(canonicalJson(JSON.parse(text) as Json)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  test('sorts members by UTF-16 code units', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect(Object.values(JSON.parse(canonicalJson(value)) as object)).toHaveLength(7);
    expect(canonicalJson(value).match(/:"[^"]+"/g)).toEqual([
      ':"Carriage Return"',
      ':"One"',
      ':"Control"',
      ':"Latin Small Letter O With Diaeresis"',
      ':"Euro Sign"',
      ':"Emoji: Grinning Face"',
      ':"Hebrew Letter Dalet With Dagesh"',
    ]);
  });

  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the double %s as %s', (bits, text) => {
    expect(canonicalJson(Buffer.from(bits, 'hex').readDoubleBE(0))).toBe(text);
  });

  test('refuses what I-JSON forbids', () => {
    for (const value of ['\ud800', { a: '\udc00x' }, { '\ud800': 1 }, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => canonicalJson(value)).toThrow(/no canonical/);
    expect(canonicalJson('\\ud800')).toBe('"\\\\ud800"');
  });
});

describe('tables', () => {
  test('every declared action is done by somebody, and nobody does what is not declared', () => {
    expect([...DOERS.keys()].sort()).toEqual([...ACTIONS.keys()].sort());
    for (const name of UNBUILT_ACTIONS.keys()) expect(ACTIONS.has(name)).toBe(false);
    expect(ACTIONS.has('run_command') || UNBUILT_ACTIONS.has('run_command')).toBe(false);
  });

  test('every limit says why', () => {
    for (const { value, why } of Object.values(LIMITS)) {
      expect(value).toBeGreaterThan(0);
      expect(why.length).toBeGreaterThan(20);
    }
  });

  test('every wire request refuses unknown and inherited fields', () => {
    for (const [type, schema] of Object.entries(WIRE_REQUESTS)) {
      expect(schema.safeParse({ type, extra: 1 }).success).toBe(false);
      expect(
        schema.safeParse(JSON.parse(`{"type":"${type}","__proto__":{"v":1,"action":"x","params":{}}}`)).success,
      ).toBe(false);
    }
  });
});

describe('a decision made anew', () => {
  const allow = (
    more: Partial<Extract<Decision, { kind: 'allow' }>> = {},
    approval: 'none' | 'owner' | 'passkey' = 'owner',
  ): Decision => ({
    kind: 'allow',
    obligations: { approval, rates: [{ count: 10, unit: 'acts', windowMs: 3_600_000 }], delayMs: 0 },
    red: [],
    rules: ['a'],
    ...more,
  });
  const deny: Decision = { kind: 'deny', code: 'policy_denied', reason: 'no', rules: [] };

  test('is stricter when it denies, asks for more, waits longer, is redder or rarer', () => {
    expect(isStricter(deny, allow())).toBe(true);
    expect(isStricter(allow({}, 'passkey'), allow())).toBe(true);
    expect(isStricter(allow({ obligations: { approval: 'owner', rates: [], delayMs: 5 } }), allow())).toBe(true);
    expect(isStricter(allow({ red: [{ kind: 'injection_warning', sources: 1 }] }), allow())).toBe(true);
    expect(
      isStricter(
        allow({
          obligations: { approval: 'owner', rates: [{ count: 5, unit: 'acts', windowMs: 3_600_000 }], delayMs: 0 },
        }),
        allow(),
      ),
    ).toBe(true);
  });

  test('is not stricter when it is the same or looser', () => {
    expect(isStricter(allow(), allow())).toBe(false);
    expect(isStricter(allow({}, 'none'), allow())).toBe(false);
    expect(isStricter(allow({ rules: ['b'] }), allow({ red: [{ kind: 'injection_warning', sources: 1 }] }))).toBe(
      false,
    );
    expect(isStricter(deny, deny)).toBe(false);
  });
});
