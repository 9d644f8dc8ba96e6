import { HardshellError } from '../contracts/index.ts';
import { field, list, strings, text } from './json.ts';

/**
 * The part of `@cedar-policy/cedar-wasm` that we use. The module is handed in by whoever may load it, so that this
 * room stays free of files and of WebAssembly. Methods on purpose: the module's own argument types are narrower.
 */
export interface CedarModule {
  policySetTextToParts(text: string): unknown;
  policyToJson(policy: string): unknown;
  validate(call: object): unknown;
  preparseSchema(name: string, schema: object | string): unknown;
  preparsePolicySet(id: string, policies: object): unknown;
  statefulIsAuthorized(call: object): unknown;
  /** False once it has trapped; absent: not watched. */
  readonly sound?: () => boolean;
}

/**
 * The module as long as it is sound. A trap of WebAssembly (an overflow of its stack, say) leaves its memory in a state
 * that nobody knows: after the first one every call throws, so that everything is denied until a restart.
 * To be applied once, where the module is loaded.
 */
export function untilItTraps(cedar: CedarModule): CedarModule {
  let calling = false;
  const once = (call: () => unknown): unknown => {
    if (calling) throw new HardshellError('invariant_broken', 'the policy engine has failed', { fate: 'stop' });
    calling = true;
    const answer = call();
    calling = false;
    return answer;
  };
  return {
    policySetTextToParts: (source) => once(() => cedar.policySetTextToParts(source)),
    policyToJson: (policy) => once(() => cedar.policyToJson(policy)),
    validate: (call) => once(() => cedar.validate(call)),
    preparseSchema: (name, schema) => once(() => cedar.preparseSchema(name, schema)),
    preparsePolicySet: (id, policies) => once(() => cedar.preparsePolicySet(id, policies)),
    statefulIsAuthorized: (call) => once(() => cedar.statefulIsAuthorized(call)),
    sound: () => !calling,
  };
}

/** Something the engine said about a policy text. `offset` counts UTF-8 bytes from its start; null when unknown. */
export interface EngineRemark {
  readonly message: string;
  readonly offset: number | null;
  /** Place of the rule in the text, from 0; null when the remark is about the whole. */
  readonly rule: number | null;
}

export interface EnginePart {
  readonly source: string;
  /** The rule in Cedar's JSON form. Only its scope, annotations and literals are read from it. */
  readonly json: unknown;
}

export type EngineParts =
  | { readonly kind: 'parts'; readonly parts: readonly EnginePart[]; readonly templates: number }
  | { readonly kind: 'failure'; readonly remarks: readonly EngineRemark[] };

export interface EngineCall {
  readonly principal: { readonly type: string; readonly id: string };
  readonly action: { readonly type: string; readonly id: string };
  readonly resource: { readonly type: string; readonly id: string };
  readonly context: Readonly<Record<string, unknown>>;
}

/** `failure`: the request itself did not fit the schema, or the engine broke. Never an allow. */
export type EngineAnswer =
  | {
      readonly kind: 'answer';
      readonly allow: boolean;
      readonly reason: readonly string[];
      /** Ids of rules that could not be evaluated. Cedar skips them; INVARIANT: whoever reads this denies. */
      readonly erring: readonly string[];
    }
  | { readonly kind: 'failure' };

/** The Cedar engine as a port. No method throws. */
export interface PolicyEngine {
  /** False once the engine has failed in a way that leaves nothing of it to be trusted. */
  readonly sound: () => boolean;
  readonly parts: (source: string) => EngineParts;
  readonly validate: (
    schema: object,
    source: string,
  ) => { readonly errors: readonly EngineRemark[]; readonly warnings: readonly EngineRemark[] };
  /** Keeps a parsed schema under `id`. False when the engine would not. */
  readonly prepareSchema: (id: string, schema: object) => boolean;
  /** Keeps parsed rules under `id`. False when the engine would not. */
  readonly prepareRules: (id: string, rules: Readonly<Record<string, string>>) => boolean;
  /** Judges one request by rules and schema kept before. */
  readonly authorize: (kept: { readonly rules: string; readonly schema: string }, call: EngineCall) => EngineAnswer;
}

/** The engine over a loaded `@cedar-policy/cedar-wasm`. A trap inside it is a failure, and so a denial. */
export function makeCedarEngine(cedar: CedarModule): PolicyEngine {
  return {
    sound: () => cedar.sound?.() ?? true,
    parts: (source) => {
      const answer = attempt(() => cedar.policySetTextToParts(source));
      if (field(answer, 'type') !== 'success') return { kind: 'failure', remarks: remarksOf(field(answer, 'errors')) };
      const parts: EnginePart[] = [];
      for (const part of inTextOrder(strings(field(answer, 'policies')))) {
        const form = attempt(() => cedar.policyToJson(part));
        if (field(form, 'type') !== 'success') return { kind: 'failure', remarks: remarksOf(field(form, 'errors')) };
        parts.push({ source: part, json: field(form, 'json') });
      }
      return { kind: 'parts', parts, templates: list(field(answer, 'policy_templates')).length };
    },
    validate: (schema, source) => {
      const answer = attempt(() => cedar.validate({ schema, policies: { staticPolicies: source } }));
      if (field(answer, 'type') !== 'success') return { errors: remarksOf(field(answer, 'errors')), warnings: [] };
      return {
        errors: remarksOf(field(answer, 'validationErrors'), []),
        warnings: remarksOf(
          [...list(field(answer, 'validationWarnings')), ...list(field(answer, 'otherWarnings'))],
          [],
        ),
      };
    },
    prepareSchema: (id, schema) => succeeded(attempt(() => cedar.preparseSchema(id, schema))),
    prepareRules: (id, rules) => succeeded(attempt(() => cedar.preparsePolicySet(id, { staticPolicies: rules }))),
    authorize: (kept, call) =>
      answerOf(
        attempt(() =>
          cedar.statefulIsAuthorized({
            ...call,
            entities: [],
            preparsedPolicySetId: kept.rules,
            preparsedSchemaName: kept.schema,
            validateRequest: true,
          }),
        ),
      ),
  };
}

/** A trap of WebAssembly (a stack overflow, say) arrives as an exception; it is one more failure. */
function attempt(call: () => unknown): unknown {
  try {
    return call();
  } catch {
    return null;
  }
}

function succeeded(answer: unknown): boolean {
  return field(answer, 'type') === 'success';
}

function answerOf(answer: unknown): EngineAnswer {
  const response = field(answer, 'response');
  const decision = field(response, 'decision');
  if (!succeeded(answer) || (decision !== 'allow' && decision !== 'deny')) return { kind: 'failure' };
  const diagnostics = field(response, 'diagnostics');
  return {
    kind: 'answer',
    allow: decision === 'allow',
    reason: strings(field(diagnostics, 'reason')),
    erring: list(field(diagnostics, 'errors')).map((error) => text(field(error, 'policyId'))),
  };
}

const BROKEN: EngineRemark = { message: 'the policy engine could not read this text', offset: null, rule: null };

/** Remarks in order; at least one, unless `empty` says that none is fine. */
function remarksOf(value: unknown, empty: readonly EngineRemark[] = [BROKEN]): readonly EngineRemark[] {
  const found = list(value).map(remarkOf);
  return found.length === 0 ? empty : found;
}

function remarkOf(value: unknown): EngineRemark {
  const error = field(value, 'error') ?? value;
  const first = list(field(error, 'sourceLocations'))[0];
  const start = field(first, 'start');
  const label = text(field(first, 'label'));
  const help = text(field(error, 'help'));
  const rule = /^policy(\d+)$/.exec(text(field(value, 'policyId')))?.[1];
  const message = text(field(error, 'message')).replace(/^for policy `policy\d+`[,:]? /, '');
  return {
    message: message + (label === '' ? '' : `: ${label}`) + (help === '' ? '' : ` (${help})`),
    offset: typeof start === 'number' ? start : null,
    rule: rule === undefined ? null : Number(rule),
  };
}

/** The engine hands rules out sorted by their generated names as text (`policy10` before `policy2`). */
function inTextOrder(parts: readonly string[]): readonly string[] {
  const places = parts.map((_, place) => place).sort((a, b) => (`${a}` < `${b}` ? -1 : 1));
  return parts.flatMap((_, place) => {
    const at = places.indexOf(place);
    return parts.slice(at, at + 1);
  });
}
