import { describe, expect, it } from 'vitest';
import type { DecisionRequest } from '../../src/contracts/index.ts';
import { decide, type CompiledPolicy } from '../../src/policy/index.ts';
import type { EngineAnswer } from '../../src/policy/engine.ts';
import { allowed, denied, mail, policyOf, to } from './support.ts';

const permit = '@id("send") @approval("owner") permit (principal, action == Action::"send_email", resource);';
const overflow = 'context.recipient_count + 9223372036854775807 > 0';

describe('decide', () => {
  it('denies when no rule matches, and names the rules that might have', () => {
    expect(denied(decide(mail(), policyOf(''))).reason).toBe('no rule in policy.cedar permits `send_email`');
    const narrow = policyOf(
      '@id("few") permit (principal, action == Action::"send_email", resource) when { context.recipient_count > 5 };',
    );
    expect(denied(decide(mail(), narrow)).reason).toContain('in these circumstances; see rule `few`');
  });

  it('names only permits as rules that might have allowed it, in order', () => {
    const text =
      '@id("z") permit (principal, action, resource) when { context.red }; @id("a") permit (principal, action, resource) when { context.red }; @id("f") forbid (principal, action, resource) when { context.red };';
    expect(decide(mail(), policyOf(text))).toEqual({
      kind: 'deny',
      code: 'policy_denied',
      reason: 'nothing in policy.cedar permits `send_email` in these circumstances; see rules `a`, `z`',
      rules: [],
    });
    expect(
      denied(decide(mail(), policyOf('@id("f") forbid (principal, action, resource) when { context.red };'))).reason,
    ).toBe('no rule in policy.cedar permits `send_email`');
  });

  it('allows what a permit matches, and names it', () => {
    expect(decide(mail(), policyOf(permit))).toEqual({
      kind: 'allow',
      obligations: { approval: 'owner', rates: [], delayMs: 0 },
      red: [],
      rules: ['send'],
    });
  });

  it('lets a forbid win, and names every forbid that matched', () => {
    const forbids =
      '@id("b") forbid (principal, action, resource); @id("a") forbid (principal, action in Action::"outbound", resource);';
    const denial = denied(decide(mail(), policyOf(permit + forbids)));
    expect(denial.rules).toEqual(['a', 'b']);
    expect(denial).toMatchObject({ code: 'policy_denied', reason: 'rules `a`, `b` in policy.cedar forbid this' });
    const one = '@id("a") forbid (principal, action, resource) when { context.recipient_count == 1 };';
    expect(denied(decide(mail(), policyOf(permit + one))).reason).toBe('rule `a` in policy.cedar forbids this');
    const two = mail({ values: [to('ann@example.org'), to('bob@example.org')] });
    expect(decide(two, policyOf(permit + one)).kind).toBe('allow');
  });

  it('denies when a forbid errs, which Cedar itself passes over; the same rule without the error allows', () => {
    const erring = policyOf(
      `${permit} @id("guard") forbid (principal, action, resource) when { ${overflow} && context.red };`,
    );
    const denial = denied(decide(mail(), erring));
    expect(denial.rules).toEqual(['guard']);
    expect(denial).toMatchObject({
      code: 'policy_denied',
      reason: 'rule `guard` could not be evaluated, and a rule that fails denies; correct it in policy.cedar',
    });
    const sound = policyOf(
      `${permit} @id("guard") forbid (principal, action, resource) when { context.recipient_count > 9 && context.red };`,
    );
    expect(decide(mail(), sound).kind).toBe('allow');
  });

  it('denies when a permit errs beside one that allows', () => {
    const erring = policyOf(`${permit} @id("odd") permit (principal, action, resource) when { ${overflow} };`);
    expect(denied(decide(mail(), erring)).rules).toEqual(['odd']);
    // An error in a rule for another action is none here.
    const other = policyOf(
      `${permit} @id("odd") permit (principal, action == Action::"read_email", resource) when { ${overflow} };`,
    );
    expect(decide(mail(), other).kind).toBe('allow');
  });

  it('joins the terms of every permit that matched, strictest of each', () => {
    const text = `
      @id("a") @approval("owner") @rate("10/hour, 1000 items/day") @delay("5s") permit (principal, action, resource);
      @id("b") @approval("passkey") @rate("20/hour, 5/minute") permit (principal, action == Action::"send_email", resource);
      @id("c") @approval("none") @rate("500 items/day") @delay("10s") permit (principal, action, resource);
      @id("other") @approval("2-of-3") @delay("99s") permit (principal, action == Action::"send_sms", resource);`;
    expect(allowed(decide(mail(), policyOf(text)))).toMatchObject({
      rules: ['a', 'b', 'c'],
      obligations: {
        approval: 'passkey',
        delayMs: 10_000,
        rates: [
          { count: 5, unit: 'acts', windowMs: 60_000 },
          { count: 10, unit: 'acts', windowMs: 3_600_000 },
          { count: 500, unit: 'items', windowMs: 86_400_000 },
        ],
      },
    });
  });

  it('means owner by an outbound permit that says nothing of approval, and none by any other', () => {
    const silent = policyOf('permit (principal, action, resource);');
    expect(allowed(decide(mail(), silent)).obligations.approval).toBe('owner');
    expect(allowed(decide(mail({ action: 'draft_email', effect: 'draft' }), silent)).obligations.approval).toBe('none');
    expect(
      allowed(decide(mail({ action: 'read_email', effect: 'read', values: [] }), silent)).obligations.approval,
    ).toBe('none');
    // Silence beside an outspoken "none" is still "owner".
    const both = policyOf(
      'permit (principal, action, resource); @approval("none") permit (principal, action == Action::"send_email", resource);',
    );
    expect(allowed(decide(mail(), both)).obligations.approval).toBe('owner');
  });

  it('denies a request that does not fit the schema: an unknown zone, a draft to nobody', () => {
    const all = policyOf('permit (principal, action, resource);');
    for (const zone of ['zone3-email-reader', 'zone2-plannerx', '', '.zone2-planner']) {
      expect(denied(decide(mail({ zone }), all)).reason).toContain('cannot be judged');
    }
    expect(denied(decide(mail({ action: 'draft_email', effect: 'draft', values: [] }), all)).reason).toContain(
      'cannot be judged',
    );
    expect(decide(mail({ zone: 'zone2-planner.s_a' }), all).kind).toBe('allow');
  });

  it('gives rules the facts as they are: addresses without case, domains, roles, counts', () => {
    const rule = (condition: string): CompiledPolicy =>
      policyOf(`permit (principal, action == Action::"send_email", resource) when { ${condition} };`);
    const request = mail({
      values: [
        to('Ann@Example.org', { named: true }),
        to('ann@example.org'),
        to('bob@example.com', { role: 'cc', named: true, audience: 'group' }),
      ],
      sources: [{ id: 'k1', channel: 'pigeon', confidentiality: 'public', readers: [] }],
    });
    for (const holds of [
      'context.recipients == ["ann@example.org", "bob@example.com"]',
      'context.recipient_count == 2 && resource == Destination::"several"',
      'context.domains == ["example.org", "example.com"]',
      'context.to == ["ann@example.org"] && context.cc == ["bob@example.com"] && context.bcc.isEmpty()',
      'context.audience == Audience::"group" && !context.all_named && !context.untrusted_authority',
      'context.channels == [Channel::"other"] && context.source_count == 1 && context.warned_sources == 0',
      '!context.untrusted_payload && !context.private_payload && !context.secret_payload && !context.red && !context.red_flow && !context.red_destination',
    ]) {
      expect(decide(request, rule(holds)).kind, holds).toBe('allow');
      expect(decide(request, rule(`!(${holds})`)).kind, holds).toBe('deny');
    }
  });
});

describe('decide, on what is not mail', () => {
  const slack = (audience: string): DecisionRequest =>
    mail({ action: 'send_slack', values: [{ ...to('C0123ABC', { role: 'channel' }), audience: audience as 'group' }] });

  it('has no domains and no parameters of its own', () => {
    const none = policyOf(
      'permit (principal, action == Action::"send_slack", resource) when { context.domains.isEmpty() && context.recipients.contains("C0123ABC") };',
    );
    expect(decide(slack('group'), none).kind).toBe('allow');
  });

  it('denies an audience that is in no list instead of taking it for the nearest one', () => {
    const close = policyOf(
      'permit (principal, action == Action::"send_slack", resource) unless { context.audience == Audience::"public" };',
    );
    expect(decide(slack('group'), close).kind).toBe('allow');
    expect(decide(slack('everybody'), close).kind).toBe('deny');
  });
});

describe('decide, when the engine misbehaves', () => {
  const broken = (answer: EngineAnswer): CompiledPolicy => {
    const policy = policyOf(permit);
    return { ...policy, engine: { ...policy.engine, authorize: () => answer } };
  };

  it('denies an allow without a permit, with a forbid, or with a rule it never had', () => {
    const forbidding = policyOf(`${permit} forbid (principal, action, resource) when { context.red };`);
    for (const reason of [[], ['rule9'], ['rule0', 'rule9']]) {
      expect(denied(decide(mail(), broken({ kind: 'answer', allow: true, reason, erring: [] })))).toMatchObject({
        code: 'policy_denied',
        reason: 'policy allowed `send_email` without naming a permit, so it is denied',
      });
    }
    const lying = {
      ...forbidding,
      engine: {
        ...forbidding.engine,
        authorize: (): EngineAnswer => ({ kind: 'answer', allow: true, reason: ['rule0', 'rule1'], erring: [] }),
      },
    };
    expect(decide(mail(), lying).kind).toBe('deny');
    expect(decide(mail(), broken({ kind: 'answer', allow: true, reason: ['rule0'], erring: [] })).kind).toBe('allow');
  });

  it('names rules in order, whatever order the engine tells them in', () => {
    const two = policyOf(
      '@id("a") forbid (principal, action, resource); @id("b") forbid (principal, action, resource);',
    );
    const answers = (answer: EngineAnswer): CompiledPolicy => ({
      ...two,
      engine: { ...two.engine, authorize: () => answer },
    });
    const reason = ['rule1', 'rule0'];
    expect(denied(decide(mail(), answers({ kind: 'answer', allow: false, reason, erring: [] }))).rules).toEqual([
      'a',
      'b',
    ]);
    expect(denied(decide(mail(), answers({ kind: 'answer', allow: false, reason: [], erring: reason }))).rules).toEqual(
      ['a', 'b'],
    );
    // A rule it never had is no rule that forbids.
    expect(
      denied(decide(mail(), answers({ kind: 'answer', allow: false, reason: ['rule7'], erring: [] }))).rules,
    ).toEqual([]);
  });

  it('denies a failure, and an error of a rule it never had', () => {
    expect(denied(decide(mail(), broken({ kind: 'failure' }))).code).toBe('policy_denied');
    expect(
      denied(decide(mail(), broken({ kind: 'answer', allow: true, reason: ['rule0'], erring: ['?'] }))).rules,
    ).toEqual(['unknown']);
  });

  it('denies when the policy holds no slice for an action of its catalogue', () => {
    expect(denied(decide(mail(), { ...policyOf(permit), slices: new Map() }))).toMatchObject({
      code: 'policy_denied',
      reason: 'policy holds no rules for this action; reload it',
    });
  });
});
