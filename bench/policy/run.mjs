// Decisions a second at 100 rules, sliced by action, against Cedar itself on the same rules in one set:
// `node scripts/run.cjs bench/policy/run.mjs [decisions]`.
import { createHash } from 'node:crypto';
import { isAuthorized } from '@cedar-policy/cedar-wasm/web';
import { loadCedar } from '../../src/app/executor/cedar-engine.ts';
import { CATALOGUE, compilePolicy, decide, makeCedarEngine, redMarks } from '../../src/policy/index.ts';
import { callOf, factsOf } from '../../src/policy/call.ts';
import { attributesOf, schemaOf } from '../../src/policy/schema.ts';
import { manyRules, request } from './rules.mjs';

const decisions = Number(process.argv[2] ?? 10_000);
const cedar = loadCedar();
const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const text = manyRules(100);

const compiled = compilePolicy(text, { cedar, sha256 });
if (compiled.kind === 'refused') throw new Error(JSON.stringify(compiled.problems));
const { policy } = compiled;

const engine = makeCedarEngine(cedar);
const whole = { rules: 'bench whole', schema: 'bench schema' };
engine.prepareSchema(whole.schema, schemaOf(CATALOGUE));
engine.prepareRules(whole.rules, Object.fromEntries(policy.rules.map((rule, index) => [`rule${index}`, rule.source])));
const entry = CATALOGUE.get('send_email');
const attributes = [...attributesOf(entry).keys()];
const peerCalls = Array.from({ length: 1_000 }, (_, n) =>
  callOf(factsOf(request(n), redMarks(request(n)), entry), attributes),
);
const requests = Array.from({ length: 1_000 }, (_, n) => request(n));

let fresh = policy;
const ours = [];
const peer = [];
const parsing = [];
// The same requests under a policy that has never seen them: each is asked of the engine.
const unremembered = [];
for (let n = 0; n < 3_000; n += 1) {
  if (n % 1_000 === 0) fresh = compilePolicy(`${text}\n// ${n}`, { cedar, sha256 }).policy;
  const start = performance.now();
  decide(requests[n % 1_000], fresh);
  if (n >= 1_000) unremembered.push(performance.now() - start);
}
for (let n = -1_000; n < decisions; n += 1) {
  // One after the other, so that both see the same machine. The first thousand warm up.
  const at = (n + 1_000) % 1_000;
  const start = performance.now();
  const decision = decide(requests[at], policy);
  const middle = performance.now();
  const answer = engine.authorize(whole, peerCalls[at]);
  const end = performance.now();
  if ((decision.kind === 'allow') !== answer.allow) throw new Error(`sliced and unsliced differ on request ${at}`);
  if (n < 0) continue;
  ours.push(middle - start);
  peer.push(end - middle);
  if (n % 100 === 0) parsing.push(parseEachTime(peerCalls[at]));
}

function parseEachTime(call) {
  const start = performance.now();
  isAuthorized({
    ...call,
    entities: [],
    policies: { staticPolicies: text },
    schema: schemaOf(CATALOGUE),
    validateRequest: true,
  });
  return performance.now() - start;
}

const at = (values, part) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * part)];
const line = (name, values) =>
  console.log(
    `${name.padEnd(44)} median ${at(values, 0.5).toFixed(4)} ms  p99 ${at(values, 0.99).toFixed(4)} ms  spread p5-p95 ${at(values, 0.05).toFixed(4)}-${at(values, 0.95).toFixed(4)} ms`,
  );
console.log(
  `100 rules, ${policy.slices.get('send_email').rules.size} of them in the slice, ${decisions} decisions each; ours come back to 1000 requests, so most answers are remembered`,
);
line('decide (floor, flow, slice, obligations)', ours);
line('decide, nothing remembered', unremembered);
line('Cedar alone, unsliced, parsed before', peer);
line('Cedar alone, unsliced, parsing each time', parsing);
console.log(
  `ratio of medians ${(at(peer, 0.5) / at(ours, 0.5)).toFixed(2)} x, of p99 ${(at(peer, 0.99) / at(ours, 0.99)).toFixed(2)} x (higher is faster than Cedar unsliced)`,
);
console.log(`goal p99 <= 0.1 ms: ${at(ours, 0.99) <= 0.1 ? 'reached' : 'missed'}`);
