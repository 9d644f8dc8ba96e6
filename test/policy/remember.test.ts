import { describe, expect, test } from 'vitest';
import type { EngineAnswer, EngineCall, PolicyEngine } from '../../src/policy/engine.ts';
import { remember } from '../../src/policy/remember.ts';

const KEPT = { rules: 'r', schema: 's' };
const call = (n: number): EngineCall => ({
  principal: { type: 'Zone', id: 'z' },
  action: { type: 'Action', id: 'a' },
  resource: { type: 'Nothing', id: 'n' },
  context: { n },
});

function counting(answer: (call: EngineCall, times: number) => EngineAnswer): {
  engine: PolicyEngine;
  asked: () => number;
} {
  let times = 0;
  const engine: PolicyEngine = {
    sound: () => true,
    parts: () => ({ kind: 'failure', remarks: [] }),
    validate: () => ({ errors: [], warnings: [] }),
    prepareSchema: () => true,
    prepareRules: () => true,
    authorize: (_, asked) => answer(asked, (times += 1)),
  };
  return { engine: remember(engine), asked: () => times };
}
const yes: EngineAnswer = { kind: 'answer', allow: true, reason: ['rule0'], erring: [] };

describe('an engine that remembers', () => {
  test('asks once for the same call, and again for another call, rules or schema', () => {
    const { engine, asked } = counting(() => yes);
    for (const kept of [KEPT, { ...KEPT, rules: 'other' }, { ...KEPT, schema: 'other' }]) {
      for (const n of [1, 2, 1, 2]) expect(engine.authorize(kept, call(n))).toBe(yes);
    }
    expect(asked()).toBe(6);
  });

  test('keeps no failure, and after one says nothing from memory', () => {
    const { engine } = counting((_, times) => (times === 1 ? yes : { kind: 'failure' }));
    expect(engine.authorize(KEPT, call(1)).kind).toBe('answer');
    expect(engine.authorize(KEPT, call(1)).kind).toBe('answer');
    expect(engine.authorize(KEPT, call(2)).kind).toBe('failure');
    expect(engine.authorize(KEPT, call(1)).kind).toBe('failure');
  });

  test('holds a bounded number of answers', () => {
    const { engine, asked } = counting(() => yes);
    for (let n = 0; n < 1_001; n++) engine.authorize(KEPT, call(n));
    engine.authorize(KEPT, call(1_000));
    expect(asked()).toBe(1_001);
    engine.authorize(KEPT, call(0));
    expect(asked()).toBe(1_002);
  });
});
