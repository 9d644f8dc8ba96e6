import type { EngineAnswer, EngineCall, PolicyEngine } from './engine.ts';

/** Answers kept for each policy; the oldest goes first. */
const ANSWERS_MAX = 1_000;

/**
 * An engine that answers the same call under the same rules from memory. An answer depends on nothing but the rules, the
 * schema and the call, all of which are the key in full. After a failure nothing is answered from memory any more: an
 * engine that has failed is trusted with nothing, and so is what it said before.
 */
export function remember(engine: PolicyEngine): PolicyEngine {
  const answers = new Map<string, EngineAnswer>();
  let failed = false;
  return {
    ...engine,
    authorize: (kept, call) => {
      const key = keyOf(kept, call);
      const known = failed || !engine.sound() ? undefined : answers.get(key);
      if (known !== undefined) return known;
      const answer = engine.authorize(kept, call);
      if (answer.kind === 'failure') {
        failed = true;
        answers.clear();
        return answer;
      }
      if (failed) return answer;
      const [oldest] = answers.keys();
      if (answers.size >= ANSWERS_MAX && oldest !== undefined) answers.delete(oldest);
      answers.set(key, answer);
      return answer;
    },
  };
}

function keyOf(kept: { readonly rules: string; readonly schema: string }, call: EngineCall): string {
  return JSON.stringify([kept.rules, kept.schema, call]);
}
