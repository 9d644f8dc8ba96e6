import { describe, expect, it } from 'vitest';
import { ACTIONS, LIMITS, UNBUILT_ACTIONS } from '../../src/contracts/index.ts';
import {
  CATALOGUE,
  catalogueOf,
  compilePolicy,
  decide,
  untilItTraps,
  type CedarModule,
} from '../../src/policy/index.ts';
import { attributesOf, schemaOf } from '../../src/policy/schema.ts';
import { cedar, defaultText, denied, mail, policyOf, ports, problemsOf } from './support.ts';

const rule = (scope: string, when = ''): string =>
  `permit (principal, ${scope}, resource)${when === '' ? '' : ` when { ${when} }`};`;

describe('compilePolicy', () => {
  it('takes the default policy without a warning, and the same text has the same digest', () => {
    const policy = policyOf(defaultText);
    expect(policy.warnings).toEqual([]);
    expect(policy.digest).toBe(ports.sha256(defaultText));
    expect(policy.rules.map(({ id }) => id)).toContain('send mail');
  });

  it('takes an empty text as a policy that permits nothing', () => {
    expect(policyOf('// nothing yet\n').rules).toEqual([]);
  });

  it('names the line of every problem, counting characters of several bytes', () => {
    expect(problemsOf('// größe 😀\n\npermit (principal, action, resource) when { foo };')[0]).toMatch(/^3: /);
    expect(problemsOf('permit (principal,\n  action,')[0]).toMatch(/^2: unexpected end of input: expected /);
    expect(problemsOf(`// größe € 😀\n\n${rule('action == Action::"send_mail"')}`)[0]).toMatch(
      /^3: unrecognized action.*did you mean `Action::"send_email"`/,
    );
    expect(problemsOf(`// ü\n${rule('action')}\n// ü\n@aproval("none")\n${rule('action')}`)).toEqual([
      '4: unknown annotation `@aproval`; known are @id, @approval, @rate and @delay',
    ]);
  });

  it('refuses what the schema does not know: actions, attributes, audiences, types', () => {
    expect(problemsOf(rule('action', 'context.recipient_counts < 2'))[0]).toContain('did you mean `recipient_count`');
    expect(problemsOf(rule('action', 'context.audience == Audience::"contcat"'))[0]).toContain('contcat');
    expect(problemsOf(rule('action', 'context.audience == "contact"')).length).toBe(1);
    expect(problemsOf(rule('action', 'context.recipients == "ann@example.org"')).length).toBe(1);
    expect(problemsOf(rule('action', 'resource == Destination::"ann@example.org"'))[0]).toContain('ann@example.org');
    expect(problemsOf('permit (principal == Zone::"zone9", action, resource);').length).toBe(1);
    // `bcc` is a parameter of some actions only.
    expect(problemsOf(rule('action in Action::"read"', 'context.bcc.isEmpty()'))).toEqual([
      expect.stringMatching(/^1: attribute `bcc` in context not found.* \(for `\w+`(?:, `\w+`){5}\)$/),
    ]);
    expect(policyOf(rule('action == Action::"send_email"', 'context.bcc.isEmpty()')).rules.length).toBe(1);
  });

  it('refuses a forbid that can never match, and only warns of such a permit', () => {
    const never = '(principal, action == Action::"read_email", resource is Destination);';
    expect(problemsOf(`forbid ${never}`)[0]).toMatch(/unable to find an applicable action|impossible/);
    expect(policyOf(`permit ${never}`).warnings.length).toBeGreaterThan(0);
  });

  it('refuses text that a person does not see, templates, and too much', () => {
    expect(problemsOf(`// safe\u202e\n${rule('action')}`)).toEqual([
      '1: holds the invisible character U+202E; remove it',
    ]);
    expect(problemsOf(`\n\n${rule('action', 'true /*\u0007*/')}`)).toEqual([
      '-: '.replace('-', '3') + 'holds the invisible character U+0007; remove it',
    ]);
    expect(problemsOf(rule('action', 'context.domains.contains("ex\u200bample.org")')).length).toBe(1);
    expect(problemsOf('permit (principal == ?principal, action, resource);')[0]).toContain('templates');
    expect(problemsOf(rule('action').repeat(LIMITS.policyRulesMax.value + 1))[0]).toContain('more than 1000 rules');
    expect(problemsOf(`//${'x'.repeat(LIMITS.policyCharsMax.value)}`)[0]).toContain('longer than');
  });

  it('refuses a rule so large that the engine would break on it, and has the engine judge the largest that it takes', () => {
    const shapes: Readonly<Record<string, (n: number) => string>> = {
      or: (n) => Array(n).fill('true').join(' || '),
      and: (n) => Array(n).fill('true').join(' && '),
      plus: (n) => `0 < ${Array(n).fill('1').join(' + ')}`,
      minus: (n) => `0 > ${Array(n).fill('1').join(' - ')}`,
      times: (n) => `0 < ${Array(n).fill('1').join(' * ')}`,
      if: (n) => `${'if context.red then false else '.repeat(Math.floor(n / 2) - 1)}true`,
      has: (n) =>
        Array(Math.floor(n / 2))
          .fill('context has red')
          .join(' && '),
      call: (n) =>
        Array(Math.floor(n / 5))
          .fill('["a", "b"].contains("a")')
          .join(' && '),
      not: (n) =>
        `${'!('.repeat(28)}${Array(n - 60)
          .fill('true')
          .join(' && ')}${')'.repeat(28)}`,
      records: (n) =>
        `${Array(n - 70)
          .fill('true')
          .join(' && ')} && ${'{a: '.repeat(28)}1${'}'.repeat(28)} != ${'{a: '.repeat(28)}2${'}'.repeat(28)}`,
    };
    for (const [name, shape] of Object.entries(shapes)) {
      // Two brackets and a `when` belong to the rule itself.
      const policy = policyOf(rule('action', shape(124)));
      expect(decide(mail(), policy).kind, name).toBe('allow');
      expect(decide(mail({ action: 'read_email', effect: 'read', values: [] }), policy).kind, name).toBe('allow');
      expect(problemsOf(`\n${rule('action', shape(400))}`), name).toEqual([
        '2: too large a rule; split it into several',
      ]);
    }
    expect(problemsOf(rule('action', `${'('.repeat(40)}true${')'.repeat(40)}`))).toEqual([
      '1: too large a rule; split it into several',
    ]);
    // Many rules, long lists, and operators in texts and comments are none of that.
    const addresses = Array.from({ length: 2_000 }, (_, n) => `"p${n}@example.org"`).join(', ');
    expect(decide(mail(), policyOf(rule('action', `![${addresses}].containsAll(context.recipients)`))).kind).toBe(
      'allow',
    );
    expect(policyOf(rule('action', '1 + 1 == 2').repeat(100)).rules.length).toBe(100);
    expect(
      policyOf(
        `// ${'&& '.repeat(500)}\n${rule('action', `context.domains.contains("${'+'.repeat(500)}\\"${'('.repeat(50)}") || true`)}`,
      ).rules.length,
    ).toBe(1);
  });

  it('trusts the engine no more after it trapped once', () => {
    let calls = 0;
    const trapping = untilItTraps(
      engineWith({
        validate: (call) => {
          calls += 1;
          if (calls === 2) throw new Error('memory access out of bounds');
          return cedar.validate(call);
        },
      }),
    );
    const before = compilePolicy(rule('action'), { ...ports, cedar: trapping });
    if (before.kind === 'refused') throw new Error('refused');
    expect(decide(mail(), before.policy).kind).toBe('allow');
    expect(compilePolicy(rule('action'), { ...ports, cedar: trapping }).kind).toBe('refused');
    expect(denied(decide(mail(), before.policy)).reason).toContain('the policy engine has failed');
    expect(compilePolicy(rule('action'), { ...ports, cedar: trapping }).kind).toBe('refused');
    expect(calls).toBe(2);
  });

  it('refuses a literal that looks as if it bound something and never matches', () => {
    const contains = (what: string): string => `forbid (principal, action, resource) when { ${what} };`;
    expect(problemsOf(contains('context.recipients.contains("Boss@Example.org")'))[0]).toContain(
      'write `boss@example.org`',
    );
    expect(problemsOf(contains('context.domains.contains("Example.org")'))[0]).toContain('write `example.org`');
    expect(problemsOf(contains('context.domains.contains("b\u00fccher.example")'))[0]).toContain('punycode');
    expect(
      policyOf(contains('context.recipients.contains("boss@example.org") || context.recipients.contains("C0123ABC")'))
        .rules.length,
    ).toBe(1);
    expect(policyOf(`@id("V1.x") ${rule('action')}`).rules[0]?.id).toBe('V1.x');
  });

  it('refuses two rules of one name, and names the unnamed by their line', () => {
    expect(problemsOf(`@id("a") ${rule('action')}\n@id("a") ${rule('action')}`)).toEqual([
      '2: two rules are called `a`',
    ]);
    expect(policyOf(`${rule('action')}${rule('action')}\n${rule('action')}`).rules.map(({ id }) => id)).toEqual([
      'line 1',
      'line 1 (2)',
      'line 2',
    ]);
  });

  it('keeps more than ten rules in the order of the text', () => {
    const text = Array.from({ length: 25 }, (_, n) => `@id("rule ${n}") ${rule('action')}`).join('\n');
    expect(policyOf(text).rules.map(({ id, line }) => `${id} ${line}`)).toEqual(
      Array.from({ length: 25 }, (_, n) => `rule ${n} ${n + 1}`),
    );
  });

  it('tells what has no line before what has one', () => {
    const vague = { validate: () => ({ type: 'failure', errors: [{ message: 'b' }, { message: 'a' }] }) };
    const compiled = compilePolicy(`\n@odd ${rule('action')}`, { ...ports, cedar: engineWith(vague) });
    expect(compiled.kind === 'refused' && compiled.problems.map(({ line }) => line)).toEqual([undefined, undefined, 2]);
  });

  it('refuses when the engine breaks at any step', () => {
    const broken: readonly Partial<CedarModule>[] = [
      {
        policySetTextToParts: () => {
          throw new Error('unreachable executed');
        },
      },
      { policySetTextToParts: () => 'nonsense' },
      { policyToJson: () => ({ type: 'failure' }) },
      { validate: () => ({ type: 'failure', errors: [{ message: 'no' }] }) },
      { validate: () => null },
      { preparseSchema: () => ({ type: 'failure' }) },
      { preparsePolicySet: () => null },
    ];
    for (const part of broken) {
      expect(compilePolicy(rule('action'), { ...ports, cedar: engineWith(part) }).kind).toBe('refused');
    }
  });
});

describe('the schema', () => {
  it('covers every action, built and unbuilt, with every attribute typed and required', () => {
    const schema = JSON.parse(JSON.stringify(schemaOf(CATALOGUE))) as {
      '': { actions: Record<string, { appliesTo?: { context: { attributes: object } } }> };
    };
    const { actions } = schema[''];
    const names = [...ACTIONS.keys(), ...UNBUILT_ACTIONS.keys()];
    expect(Object.keys(actions).sort()).toEqual([...names, 'read', 'draft', 'outbound'].sort());
    for (const name of names) {
      const entry = CATALOGUE.get(name);
      expect(entry, name).toBeDefined();
      if (entry !== undefined)
        expect(Object.keys(actions[name]?.appliesTo?.context.attributes ?? {})).toEqual([
          ...attributesOf(entry).keys(),
        ]);
    }
    expect(Object.keys(actions['send_email']?.appliesTo?.context.attributes ?? {})).toEqual(
      expect.arrayContaining(['to', 'cc', 'bcc']),
    );
  });

  it('refuses a declaration whose parameter has the name of an attribute', () => {
    const clash = catalogueOf(
      new Map([['odd', { effect: 'outbound', authority: { audience: 'mail-address' } }]]),
      new Map(),
    );
    expect(() => schemaOf(clash)).toThrow('parameter `audience` has the name of an attribute');
  });

  it('is one for each catalogue: a policy for an action that this build lacks is refused', () => {
    const none = catalogueOf(new Map(), new Map([['read_email', 'read']]));
    expect(compilePolicy(rule('action == Action::"send_email"'), ports, none).kind).toBe('refused');
    expect(compilePolicy(rule('action == Action::"read_email"'), ports, none).kind).toBe('ok');
  });
});

/** The real engine with some of its functions replaced. */
function engineWith(part: Partial<CedarModule>): CedarModule {
  return {
    policySetTextToParts: (text) => cedar.policySetTextToParts(text),
    policyToJson: (text) => cedar.policyToJson(text),
    validate: (call) => cedar.validate(call),
    preparseSchema: (name, schema) => cedar.preparseSchema(name, schema),
    preparsePolicySet: (id, policies) => cedar.preparsePolicySet(id, policies),
    statefulIsAuthorized: (call) => cedar.statefulIsAuthorized(call),
    ...part,
  };
}
