import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CATALOGUE, decide, makeCedarEngine, redMarks, type CompiledPolicy } from '../../src/policy/index.ts';
import { callOf, factsOf } from '../../src/policy/call.ts';
import { actionsOf, attributesRead } from '../../src/policy/rules.ts';
import { attributesOf, schemaOf } from '../../src/policy/schema.ts';
import type { Decision, DecisionRequest } from '../../src/contracts/index.ts';
import { anyPolicy, anyRequest, cedar, policyOf, runs } from './support.ts';

const engine = makeCedarEngine(cedar);
engine.prepareSchema('whole', schemaOf(CATALOGUE));

/** What Cedar says about all rules at once, under the whole schema and with every attribute. */
function unsliced(request: DecisionRequest, { rules }: CompiledPolicy): { allow: boolean; ids: readonly string[] } {
  const entry = CATALOGUE.get(request.action);
  if (entry === undefined) throw new Error('unknown action');
  engine.prepareRules('whole', Object.fromEntries(rules.map((rule, index) => [`${index}`, rule.source])));
  const call = callOf(factsOf(request, redMarks(request), entry), [...attributesOf(entry).keys()]);
  const answer = engine.authorize({ rules: 'whole', schema: 'whole' }, call);
  if (answer.kind === 'failure' || answer.erring.length > 0) throw new Error('the reference could not judge');
  return { allow: answer.allow, ids: answer.reason.map((index) => rules[Number(index)]?.id ?? '').sort() };
}

function isFloor(decision: Decision): boolean {
  return decision.kind === 'deny' && decision.rules.some((rule) => rule.startsWith('floor: '));
}

describe('slicing by action', { timeout: 120_000 }, () => {
  it('gives the decision of all rules with all attributes, on random policies and requests', () => {
    let compared = 0;
    fc.assert(
      fc.property(anyPolicy, fc.array(anyRequest, { minLength: 4, maxLength: 4 }), (text, requests) => {
        const policy = policyOf(text);
        for (const request of requests) {
          const decision = decide(request, policy);
          if (isFloor(decision)) continue;
          compared += 1;
          expect({ allow: decision.kind === 'allow', ids: decision.rules }).toEqual(unsliced(request, policy));
        }
      }),
      { numRuns: runs },
    );
    expect(compared).toBeGreaterThan(0);
  });

  it('keeps a rule in every slice when its scope is not understood', () => {
    const all = new Set(CATALOGUE.keys());
    const entity = { type: 'Action', id: 'send_email' };
    for (const scope of [
      undefined,
      null,
      {},
      'permit',
      [],
      { op: 'All' },
      { op: 'matches', entity },
      { op: 'in' },
      { op: '==' },
      { op: '==', entity: { __entity: entity } },
      { op: 'in', entities: 'send_email' },
      { op: 'in', entities: [entity, null] },
    ]) {
      expect(actionsOf(scope, CATALOGUE)).toEqual(all);
    }
    expect([...actionsOf({ op: 'in', entities: [] }, CATALOGUE)]).toEqual([]);
  });

  it('reads a scope as the engine does: one action, a list, a group', () => {
    const entity = (id: string): object => ({ type: 'Action', id });
    expect([...actionsOf({ op: '==', entity: entity('send_email') }, CATALOGUE)]).toEqual(['send_email']);
    expect([...actionsOf({ op: 'in', entity: entity('draft') }, CATALOGUE)]).toEqual(['draft_email', 'draft_message']);
    expect([...actionsOf({ op: 'in', entities: [entity('draft'), entity('send_sms')] }, CATALOGUE)]).toEqual([
      'draft_email',
      'draft_message',
      'send_sms',
    ]);
    // `==` a group is the group itself, which nobody can ask for.
    expect([...actionsOf({ op: '==', entity: entity('draft') }, CATALOGUE)]).toEqual([]);
  });

  it('finds every attribute that a condition reads, and says "any" when context stands by itself', () => {
    const context = { Var: 'context' };
    const dot = (attr: string): object => ({ '.': { left: context, attr } });
    expect(
      attributesRead([{ kind: 'when', body: { '&&': { left: dot('red'), right: { '!': { arg: dot('bcc') } } } } }]),
    ).toEqual(new Set(['red', 'bcc']));
    expect(attributesRead([{ body: { has: { left: context, attr: 'red' } } }])).toEqual(new Set(['red']));
    expect(attributesRead([{ body: { has: { left: context, attr: ['red', 'deep'] } } }])).toEqual(
      new Set(['red', 'deep']),
    );
    expect(attributesRead([{ body: { '.': { left: dot('outer'), attr: 'inner' } } }])).toEqual(new Set(['outer']));
    expect(attributesRead([{ body: { '==': { left: context, right: { Record: {} } } } }])).toBeNull();
    expect(attributesRead([{ body: { contains: { left: { Set: [context] }, right: { Value: 1 } } } }])).toBeNull();
  });

  it('puts only what the rules of a slice read into the call', () => {
    const policy = policyOf(
      'permit (principal, action == Action::"send_email", resource) when { context.red || context.bcc.isEmpty() };',
    );
    expect(policy.slices.get('send_email')?.attributes).toEqual(['red', 'bcc']);
    expect(policy.slices.get('read_email')?.attributes).toEqual([]);
  });
});
