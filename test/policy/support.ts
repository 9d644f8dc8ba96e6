import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import type { AuthorityValue, Decision, DecisionRequest, Label } from '../../src/contracts/index.ts';
import { loadCedar } from '../../src/app/executor/cedar-engine.ts';
import { CATALOGUE, compilePolicy, type Catalogue, type CompiledPolicy } from '../../src/policy/index.ts';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const cedar = loadCedar();
export const ports = { cedar, sha256: (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex') };
export const defaultText = readFileSync(join(root, 'policies', 'default.cedar'), 'utf8');

/** How often a property over random policies is tried: many with `SLOW=1`, few under mutation testing. */
export const runs = process.env.SLOW === '1' ? 20_000 : Number(process.env.PROPERTY_RUNS ?? 40);

/** The compiled policy; fails the test with the problems when the text is refused. */
export function policyOf(text: string, catalogue: Catalogue = CATALOGUE): CompiledPolicy {
  const compiled = compilePolicy(text, ports, catalogue);
  if (compiled.kind === 'refused') throw new Error(`refused: ${JSON.stringify(compiled.problems)}\n${text}`);
  return compiled.policy;
}

/** Messages of the problems of a text that must be refused. */
export function problemsOf(text: string): readonly string[] {
  const compiled = compilePolicy(text, ports);
  if (compiled.kind === 'ok') throw new Error(`not refused:\n${text}`);
  return compiled.problems.map(({ message, line }) => `${line ?? '-'}: ${message}`);
}

export const TRUSTED: Label = { integrity: 'trusted', confidentiality: 'public', sources: [] };
export const UNTRUSTED: Label = { integrity: 'untrusted', confidentiality: 'private', sources: [] };

export function to(value: string, rest: Partial<AuthorityValue> = {}): AuthorityValue {
  return { role: 'to', value, label: TRUSTED, named: false, audience: 'unknown', ...rest };
}

/** A mail with nothing hostile about it: trusted words to a recipient that the owner named. */
export function mail(rest: Partial<DecisionRequest> = {}): DecisionRequest {
  return {
    zone: 'zone2-planner',
    origin: 'instruction',
    action: 'send_email',
    effect: 'outbound',
    values: [to('ann@example.org', { named: true, audience: 'contact' })],
    payload: TRUSTED,
    sources: [],
    warnedSources: 0,
    killed: false,
    breakerOpen: false,
    ...rest,
  };
}

export const label: fc.Arbitrary<Label> = fc.record({
  integrity: fc.constantFrom('trusted', 'untrusted'),
  confidentiality: fc.constantFrom('public', 'private', 'secret'),
  sources: fc.subarray(['k1', 'k2', 'k3']),
});

const address = fc.constantFrom('ann@example.org', 'Bob@example.org', 'eve@example.net', 'me@example.org');

export function value(roles: readonly string[]): fc.Arbitrary<AuthorityValue> {
  return fc.record({
    role: fc.constantFrom(...roles),
    value: address,
    label,
    named: fc.boolean(),
    audience: fc.constantFrom('self', 'contact', 'unknown', 'group', 'public', 'service'),
  });
}

const source = fc.record({
  id: fc.constantFrom('k1', 'k2', 'k3'),
  channel: fc.constantFrom('email', 'slack', 'carrier pigeon'),
  confidentiality: fc.constantFrom('public' as const, 'private' as const, 'secret' as const),
  readers: fc.subarray(['ann@example.org', 'BOB@example.org', 'eve@example.net']),
});

/** Well-formed requests for every action of the catalogue. */
export const anyRequest: fc.Arbitrary<DecisionRequest> = fc.constantFrom(...CATALOGUE.keys()).chain((action) => {
  const entry = CATALOGUE.get(action) ?? { effect: 'read' as const, roles: [] };
  const roles = entry.roles ?? (entry.effect === 'read' ? [] : ['destination']);
  return fc.record({
    zone: fc.constantFrom('zone2-planner', 'zone2-planner.s_abc'),
    origin: fc.constantFrom('item' as const, 'instruction' as const, 'standing' as const, 'task' as const),
    action: fc.constant(action),
    effect: fc.constant(entry.effect),
    values: roles.length === 0 ? fc.constant([]) : fc.array(value(roles), { minLength: 1, maxLength: 3 }),
    payload: label,
    sources: fc.array(source, { maxLength: 3 }),
    warnedSources: fc.nat({ max: 2 }),
    killed: fc.constant(false),
    breakerOpen: fc.constant(false),
  });
});

export const outboundRequest = anyRequest.filter(({ effect }) => effect === 'outbound');

const conditions = [
  '',
  'when { true }',
  'when { context.red }',
  'unless { context.red }',
  'when { context.untrusted_authority }',
  'unless { context.untrusted_payload }',
  'when { context.private_payload && !context.secret_payload }',
  'when { context.recipient_count < 2 }',
  'when { context.audience == Audience::"contact" }',
  'when { [Audience::"self", Audience::"public"].contains(context.audience) }',
  'when { context.origin == Origin::"item" || context.all_named }',
  'when { context.domains.contains("example.org") }',
  'when { ["ann@example.org", "eve@example.net"].containsAll(context.recipients) }',
  'unless { context.channels.contains(Channel::"other") }',
  'when { context has warned_sources && context.warned_sources > 0 }',
  'when { principal == Zone::"zone2-planner" && (resource is Nothing || resource == Destination::"one") }',
  'when { context.source_count * 2 > context.recipient_count }',
  'when { context.red_flow != context.red_destination }',
];
const scopes = [
  'action',
  'action == Action::"send_email"',
  'action == Action::"read_email"',
  'action in Action::"outbound"',
  'action in Action::"draft"',
  'action in [Action::"send_email", Action::"make_call", Action::"read"]',
  'action in Action::"send_slack"',
];
const terms = [
  '',
  '@approval("none") ',
  '@approval("owner") ',
  '@approval("passkey") @delay("5s") ',
  '@rate("10/hour") ',
  '@rate("3/hour, 9 items/day") @delay("120s") ',
];

export const permitText: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...terms), fc.constantFrom(...scopes), fc.constantFrom(...conditions))
  .map(([term, scope, condition]) => `${term}permit (principal, ${scope}, resource) ${condition};`);
export const forbidText: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...scopes), fc.constantFrom(...conditions))
  .map(([scope, condition]) => `forbid (principal, ${scope}, resource) ${condition};`);

/** Random policies, most of them rather permissive. */
export const anyPolicy: fc.Arbitrary<string> = fc
  .array(fc.oneof({ arbitrary: permitText, weight: 4 }, { arbitrary: forbidText, weight: 1 }), { maxLength: 8 })
  .map((rules) => rules.join('\n'));

export function allowed(decision: Decision): Extract<Decision, { kind: 'allow' }> {
  if (decision.kind === 'deny') throw new Error(`denied: ${decision.reason}`);
  return decision;
}

export function denied(decision: Decision): Extract<Decision, { kind: 'deny' }> {
  if (decision.kind === 'allow') throw new Error(`allowed by ${decision.rules.join(', ')}`);
  return decision;
}
