import * as z from 'zod';
import { APPROVALS, type Decision, type DecisionRequest } from './decision.ts';

/** Wire forms of what policy judged: recorded requests for `policy replay`, and the scenarios that owners write. */
const integrity = z.enum(['trusted', 'untrusted']);
const confidentiality = z.enum(['public', 'private', 'secret']);
const effect = z.enum(['read', 'draft', 'outbound']);
const audience = z.enum(['self', 'contact', 'unknown', 'group', 'public', 'service']);
const origin = z.enum(['item', 'instruction', 'standing', 'task', 'agent']);
const count = z.number().int().min(0).max(1_000_000_000);
const text = z.string().max(2_048);
const texts = z.array(text).max(1_000);

const labelSchema = z.strictObject({ integrity, confidentiality, sources: texts });
const valueSchema = z.strictObject({ role: text, value: text, label: labelSchema, named: z.boolean(), audience });
const sourceSchema = z.strictObject({ id: text, channel: text, confidentiality, readers: texts });

/** A `DecisionRequest` as JSON. */
export const decisionRequestSchema = z.strictObject({
  zone: text,
  origin,
  action: text,
  effect,
  values: z.array(valueSchema).max(1_000),
  payload: labelSchema,
  sources: z.array(sourceSchema).max(1_000),
  warnedSources: count,
  killed: z.boolean(),
  breakerOpen: z.boolean(),
});

const rateSchema = z.strictObject({ count, unit: z.enum(['acts', 'items']), windowMs: count });
const markSchema = z.union([
  z.strictObject({ kind: z.literal('flow'), sources: count, recipients: texts }),
  z.strictObject({ kind: z.literal('untrusted_destination'), role: text, value: text }),
  z.strictObject({ kind: z.literal('injection_warning'), sources: count }),
]);

/** A `Decision` as JSON. */
export const decisionSchema = z.union([
  z.strictObject({
    kind: z.literal('allow'),
    obligations: z.strictObject({ approval: z.enum(APPROVALS), rates: z.array(rateSchema).max(100), delayMs: count }),
    red: z.array(markSchema).max(1_000),
    rules: texts,
  }),
  z.strictObject({
    kind: z.literal('deny'),
    code: z.enum(['killed', 'breaker_open', 'action_not_allowed', 'policy_denied']),
    reason: z.string().max(100_000),
    rules: texts,
  }),
]);

/** One recorded request and what was decided then. */
export interface PolicyRecord {
  readonly id: string;
  readonly request: DecisionRequest;
  readonly decision: Decision;
}

// What a scenario leaves out is the usual hostile case: private content from outside, a stranger as destination.
const looseLabel = z
  .strictObject({
    integrity: integrity.default('untrusted'),
    confidentiality: confidentiality.default('private'),
    sources: texts.default([]),
  })
  .prefault({});

/** One line of a scenario file: a request with defaults, and what has to come of it. */
export const policyScenarioSchema = z.strictObject({
  name: z.string().min(1).max(200),
  request: z.strictObject({
    zone: text.default('zone2-planner'),
    origin: origin.default('item'),
    action: text,
    effect: effect.optional(),
    values: z
      .array(
        z.strictObject({
          role: text.default('to'),
          value: text,
          label: looseLabel,
          named: z.boolean().default(false),
          audience: audience.default('unknown'),
        }),
      )
      .max(1_000)
      .default([]),
    payload: looseLabel,
    sources: z
      .array(
        z.strictObject({
          id: text.default('source'),
          channel: text.default('email'),
          confidentiality: confidentiality.default('private'),
          readers: texts.default([]),
        }),
      )
      .max(1_000)
      .default([]),
    warnedSources: count.default(0),
    killed: z.boolean().default(false),
    breakerOpen: z.boolean().default(false),
  }),
  expect: z.enum(['allow', 'deny']),
  approval: z.enum(APPROVALS).optional(),
  red: z.boolean().optional(),
});
export const policyScenariosSchema = z.array(policyScenarioSchema).max(10_000);
export type PolicyScenario = z.infer<typeof policyScenarioSchema>;
