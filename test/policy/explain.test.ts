import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decisionRequestSchema, decisionSchema, type PolicyRecord } from '../../src/contracts/index.ts';
import { decide, explain, replay, runScenarios, sayDecision, sayDifference } from '../../src/policy/index.ts';
import { defaultText, mail, policyOf, root, to, UNTRUSTED } from './support.ts';

const standard = policyOf(defaultText);
const strict = policyOf(
  '@id("send") @approval("passkey") permit (principal, action == Action::"send_email", resource);',
);
const nothing = policyOf('');

describe('explain', () => {
  it('tells an allowed act with its terms and marks', () => {
    const request = mail({
      values: [to('eve@example.net', { label: UNTRUSTED })],
      payload: UNTRUSTED,
      sources: [{ id: 'k1', channel: 'email', confidentiality: 'private', readers: [] }],
      warnedSources: 1,
    });
    expect(explain(request, standard)).toBe(
      '"send_email" to "eve@example.net" (unknown) with untrusted and private content, after reading 1 message, is allowed by rule `send mail`, ' +
        'after you approve, at most 10 an hour, 10 s in the outbox before it leaves; red, because content of 1 private message would reach 1 destination ' +
        'that did not have it, something from outside chose the destination in `to` and 1 message that it has read tried to give orders.',
    );
  });

  it('tells a denial with its reason, and a read without destination', () => {
    expect(explain(mail(), nothing)).toContain('is denied: no rule in policy.cedar permits `send_email`.');
    expect(explain(mail({ action: 'read_email', effect: 'read', values: [] }), standard)).toBe(
      '"read_email" with trusted and public content, is allowed by rule `read mail and chats`, without asking you, at most 120 an hour, at most 1000 items a day.',
    );
  });

  it('never lets a destination or an action write words of its own', () => {
    const hostile = 'x", is allowed\u202e\n`by` rule';
    const told = explain(mail({ action: hostile, values: [to(hostile)] }), standard);
    expect(told).not.toMatch(/[\u202e\n]/);
    expect(told).toContain('\\u202e\\n');
    expect(told).toContain('is denied: this action does not exist in this build');
  });

  it('has words for every obligation', () => {
    const all = {
      approval: '2-of-3' as const,
      delayMs: 1_500,
      rates: [
        { count: 1, unit: 'acts' as const, windowMs: 60_000 },
        { count: 2, unit: 'items' as const, windowMs: 1_000 },
      ],
    };
    expect(sayDecision({ kind: 'allow', obligations: all, red: [], rules: ['a', 'b'] })).toBe(
      'allowed by rules `a`, `b`, after two of three approvers approve, at most 1 a minute, at most 2 items in 1 s, 1.5 s in the outbox before it leaves',
    );
    expect(sayDecision(decide(mail(), strict))).toContain('with a passkey');
  });
});

describe('the difference that is confirmed', () => {
  it('says what is added, removed and changed, in words', () => {
    const before = policyOf(
      '@id("a") permit (principal, action in Action::"read", resource);\n@id("b") forbid (principal, action, resource) when { context.red };\n@id("c") permit (principal, action == Action::"send_email", resource) when { context.recipient_count < 3 };',
    );
    const after = policyOf(
      '@id("a") @rate("5/minute") permit (principal, action in Action::"read", resource);\n@id("c") permit (principal, action == Action::"send_email", resource) when { context.recipient_count < 9 };\n@id("d") @approval("none") @delay("3s") permit (principal, action in [Action::"send_sms", Action::"make_call"], resource);',
    );
    expect(sayDifference(before, after)).toEqual([
      'changes `a`: was: permits every read action, without asking you; now: permits every read action, without asking you, at most 5 a minute',
      'changes `c`: permits `send_email` in some circumstances, after you approve; its circumstances are now worded differently (line 2)',
      'adds `d`: permits `send_sms` and `make_call`, without asking you, 3 s in the outbox before it leaves',
      'removes `b`, which forbids every action in some circumstances',
    ]);
  });

  it('tells every rule of a first policy, and nothing when only comments differ', () => {
    expect(sayDifference(null, standard).length).toBe(standard.rules.length);
    expect(sayDifference(standard, policyOf(`// a word\n${defaultText}`))).toEqual([]);
    const idle = policyOf('permit (principal, action == Action::"draft", resource);');
    expect(sayDifference(null, idle)).toEqual(['adds `line 1`: permits nothing, without asking you']);
  });
});

describe('scenarios', () => {
  const shipped = readFileSync(join(root, 'policies', 'default.scenarios.json'), 'utf8');

  it('that ship hold under the policy that ships, and fail under others', () => {
    const ran = runScenarios(shipped, standard);
    if (ran.kind === 'refused') throw new Error(ran.message);
    expect(ran.results.filter(({ passed }) => !passed)).toEqual([]);
    expect(ran.results.length).toBeGreaterThan(10);
    const empty = runScenarios(shipped, nothing);
    expect(
      empty.kind === 'ran' &&
        empty.results.filter(({ passed }) => passed).every(({ decision }) => decision.kind === 'deny'),
    ).toBe(true);
  });

  it('tell what came instead', () => {
    const wrong = (rest: object): string => {
      const ran = runScenarios(
        JSON.stringify([
          {
            name: 'x',
            request: { action: 'send_email', values: [{ value: 'ann@example.org' }] },
            expect: 'allow',
            ...rest,
          },
        ]),
        standard,
      );
      return ran.kind === 'refused' ? ran.message : (ran.results[0]?.wrong ?? '');
    };
    expect(wrong({})).toBe('');
    expect(wrong({ approval: 'owner', red: true })).toBe('');
    expect(wrong({ expect: 'deny' })).toMatch(/^expected deny, but it is allowed by/);
    expect(wrong({ approval: 'none' })).toMatch(/^expected approval none/);
    expect(wrong({ red: false })).toMatch(/^expected it not to be red/);
    expect(wrong({ request: { action: 'read_email' }, red: true })).toMatch(/^expected it to be red/);
    expect(wrong({ request: { action: 'run_command' }, expect: 'deny' })).toBe('');
    expect(wrong({ request: { action: 'run_command' }, expect: 'deny', approval: 'none' })).toContain(
      'a denial has no approval',
    );
    expect(wrong({ request: { action: 'run_command' }, expect: 'deny', red: true })).toContain(
      'a denial has no approval',
    );
    expect(wrong({ request: { action: 'send_email', effect: 'read' }, expect: 'deny' })).toBe('');
  });

  it('are refused as a whole when anything in the file is not understood', () => {
    const message = (file: string): string => {
      const ran = runScenarios(file, standard);
      return ran.kind === 'refused' ? ran.message : 'ran';
    };
    expect(message('[')).toBe('the scenario file is not JSON');
    expect(message('[]')).toBe('the scenario file holds no scenario');
    expect(message('{}')).toContain('the scenario file is wrong');
    expect(message('[{"name":"a","request":{"action":"read_email"},"expect":"allow","expectRed":true}]')).toContain(
      'at `0`',
    );
    expect(message('[{"name":"a","request":{"action":"read_email","vlaues":[]},"expect":"allow"}]')).toContain(
      '0.request',
    );
    expect(message('[{"name":"a","request":{"action":"read_email"},"expect":"maybe"}]')).toContain('0.expect');
  });
});

describe('replay', () => {
  const record = (policy: typeof standard, request = mail()): PolicyRecord => ({
    id: 'r_1',
    request,
    decision: decide(request, policy),
  });

  it('shows what a new policy would decide otherwise, and in which direction', () => {
    const looser = replay([record(strict)], null, standard);
    expect(looser.changes.map(({ direction }) => direction)).toEqual(['looser']);
    expect(looser.changes[0]?.words).toMatch(
      /^"send_email" was allowed by rule `send`, after you approve with a passkey; would be allowed by/,
    );
    expect(replay([record(standard)], null, nothing).changes.map(({ direction }) => direction)).toEqual(['stricter']);
    expect(replay([record(nothing)], null, standard).changes.map(({ direction }) => direction)).toEqual(['looser']);
  });

  it('shows nothing when the decision binds alike, and counts every record', () => {
    const renamed = policyOf(defaultText.replaceAll('@id("send mail")', '@id("mail out")'));
    expect(replay([record(standard), record(standard)], null, renamed)).toEqual({ total: 2, changes: [] });
    expect(replay([record(nothing)], null, nothing).changes).toEqual([]);
  });

  it('compares with another policy instead of the record when there is one', () => {
    expect(replay([record(nothing)], standard, standard).changes).toEqual([]);
  });

  it('keeps requests and decisions whole through JSON', () => {
    for (const { request, decision } of [
      record(standard),
      record(nothing),
      record(
        standard,
        mail({ warnedSources: 1, sources: [{ id: 'k', channel: 'email', confidentiality: 'private', readers: [] }] }),
      ),
    ]) {
      expect(decisionRequestSchema.parse(JSON.parse(JSON.stringify(request)))).toEqual(request);
      expect(decisionSchema.parse(JSON.parse(JSON.stringify(decision)))).toEqual(decision);
    }
  });
});
