import { LIMITS, type Sha256Hex } from '../contracts/index.ts';
import { CATALOGUE, type Catalogue } from './catalogue.ts';
import { makeCedarEngine, type CedarModule, type EnginePart, type EngineRemark, type PolicyEngine } from './engine.ts';
import { remember } from './remember.ts';
import { readRule, type Problem, type Rule } from './rules.ts';
import { attributesOf, schemaOf, schemaOfSlice } from './schema.ts';
import { lineAtByte, lineOf, outOfSight } from './text.ts';

/** A policy ready to decide. Made by `compilePolicy` alone. */
export interface CompiledPolicy {
  /** Lower-case hex SHA-256 of the text. */
  readonly digest: string;
  readonly text: string;
  readonly catalogue: Catalogue;
  readonly rules: readonly Rule[];
  /** What its owner should look at; it works all the same. */
  readonly warnings: readonly Problem[];
  readonly engine: PolicyEngine;
  /** The rules that can apply, by action. */
  readonly slices: ReadonlyMap<string, Slice>;
}

export interface Slice {
  /** Names under which the engine keeps rules and schema. */
  readonly kept: { readonly rules: string; readonly schema: string };
  /** Attributes of `context` that some rule reads: no others are put into the call. */
  readonly attributes: readonly string[];
  /** By the name under which the engine knows them. */
  readonly rules: ReadonlyMap<string, Rule>;
}

export type Compiled =
  | { readonly kind: 'ok'; readonly policy: CompiledPolicy }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

export interface PolicyPorts {
  readonly cedar: CedarModule;
  readonly sha256: Sha256Hex;
}

/**
 * Parses a policy, checks it against the schema of the catalogue, reads the annotations and keeps one set of parsed
 * rules for each action. Refused as a whole when anything in it is not understood. Lines count from 1.
 */
export function compilePolicy(
  text: string,
  { cedar, sha256 }: PolicyPorts,
  catalogue: Catalogue = CATALOGUE,
): Compiled {
  const unreadable = outOfSight(text);
  if (unreadable !== null) return { kind: 'refused', problems: [unreadable] };
  const engine = makeCedarEngine(cedar);
  const read = engine.parts(text);
  if (read.kind === 'failure') return { kind: 'refused', problems: problemsOf(read.remarks, text) };
  if (read.templates > 0)
    return { kind: 'refused', problems: [{ message: 'templates with `?principal` or `?resource` are not used here' }] };
  if (read.parts.length > LIMITS.policyRulesMax.value) {
    return { kind: 'refused', problems: [{ message: `more than ${LIMITS.policyRulesMax.value} rules` }] };
  }
  const validated = engine.validate(schemaOf(catalogue), text);
  const { rules, problems } = rulesOf(read.parts, text, catalogue);
  const idle = validated.warnings.filter(({ rule }) => rule !== null && rules[rule]?.effect === 'forbid');
  const refusals = [...problemsOf(validated.errors, text), ...problemsOf(idle, text), ...problems];
  if (refusals.length > 0) return { kind: 'refused', problems: distinct(refusals, catalogue) };
  return keep({
    text,
    engine,
    rules,
    catalogue,
    sha256,
    warnings: distinct(problemsOf(validated.warnings, text), catalogue),
  });
}

interface Keep {
  readonly text: string;
  readonly engine: PolicyEngine;
  readonly rules: readonly Rule[];
  readonly catalogue: Catalogue;
  readonly sha256: Sha256Hex;
  readonly warnings: readonly Problem[];
}

/** Hands schemas and rules to the engine under names that no other text or schema can have. */
function keep({ text, engine, rules, catalogue, sha256, warnings }: Keep): Compiled {
  const digest = sha256(text);
  const slices = new Map<string, Slice>();
  for (const [action, entry] of catalogue) {
    const entries = rules
      .map((rule, index) => [`rule${index}`, rule] as const)
      .filter(([, rule]) => rule.actions.has(action));
    const all = [...attributesOf(entry).keys()];
    const attributes = all.filter((name) => entries.some(([, { reads }]) => reads === null || reads.has(name)));
    const schema = schemaOfSlice(action, entry, attributes);
    const schemaId = sha256(JSON.stringify(schema));
    const kept = { rules: `${digest} ${schemaId} ${action}`, schema: schemaId };
    const sources = Object.fromEntries(entries.map(([name, rule]) => [name, rule.source]));
    if (!engine.prepareSchema(kept.schema, schema) || !engine.prepareRules(kept.rules, sources)) {
      return { kind: 'refused', problems: [{ message: 'the policy engine could not keep these rules' }] };
    }
    slices.set(action, { kept, attributes, rules: new Map(entries) });
  }
  return { kind: 'ok', policy: { digest, text, catalogue, rules, warnings, engine: remember(engine), slices } };
}

function rulesOf(
  parts: readonly EnginePart[],
  text: string,
  catalogue: Catalogue,
): { rules: Rule[]; problems: Problem[] } {
  const rules: Rule[] = [];
  const problems: Problem[] = [];
  const names = new Set<string>();
  let from = 0;
  for (const part of parts) {
    const at = Math.max(from, text.indexOf(part.source, from));
    from = at + part.source.length;
    const line = lineOf(text, at);
    const read = readRule(part, { line, name: nameOf(line, names) }, catalogue);
    if (read.kind === 'problem') {
      problems.push(read.problem);
      continue;
    }
    if (names.has(read.rule.id))
      problems.push({ message: `two rules are called \`${read.rule.id}\``, line: read.rule.line });
    names.add(read.rule.id);
    rules.push(read.rule);
  }
  return { rules, problems };
}

/** What a rule without `@id` is called: its line, counted on when a line holds several. */
function nameOf(line: number, taken: ReadonlySet<string>): string {
  let name = `line ${line}`;
  for (let nth = 2; taken.has(name); nth += 1) name = `line ${line} (${nth})`;
  return name;
}

function problemsOf(remarks: readonly EngineRemark[], text: string): readonly Problem[] {
  return remarks.map(({ message, offset }) =>
    offset === null ? { message } : { message, line: lineAtByte(text, offset) },
  );
}

/** In order of lines. What the engine says once for every action of a rule is said once, with the actions named. */
function distinct(problems: readonly Problem[], catalogue: Catalogue): readonly Problem[] {
  const merged = new Map<string, { readonly problem: Problem; readonly actions: string[] }>();
  for (const { message, ...rest } of problems) {
    const action = FOR_ACTION.exec(message)?.[1];
    const problem = { ...rest, message: message.replace(FOR_ACTION, '') };
    const key = `${problem.line ?? 0} ${problem.message}`;
    const held = merged.get(key) ?? { problem, actions: [] };
    merged.set(key, held);
    if (action !== undefined) held.actions.push(`\`${action}\``);
  }
  return [...merged.values()]
    .map(({ problem, actions }) => {
      const some = actions.length > 0 && actions.length < catalogue.size;
      return some ? { ...problem, message: `${problem.message} (for ${actions.join(', ')})` } : problem;
    })
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

const FOR_ACTION = / for Action::"([^"]+)"/;
