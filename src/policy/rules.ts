import { parseMailAddress } from '../contracts/index.ts';
import { parseAnnotations } from './annotations.ts';
import type { Catalogue } from './catalogue.ts';
import type { EnginePart } from './engine.ts';
import { field, isObject, list, strings, text } from './json.ts';
import type { PermitTerms } from './obligations.ts';
import { ACTION_GROUPS } from './schema.ts';

/** One rule of a policy, as much of it as we keep; the engine evaluates the source text itself. */
export interface Rule {
  /** The owner's `@id`, or `line N` (`line N (2)` for the second on a line). */
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  readonly line: number;
  readonly source: string;
  readonly terms: PermitTerms;
  /** It has a `when` or `unless`. */
  readonly conditional: boolean;
  /** Actions that the scope can match: what slicing goes by. */
  readonly actions: ReadonlySet<string>;
  /** Attributes of `context` that it reads; null when it may read any. */
  readonly reads: ReadonlySet<string> | null;
}

/** Something that keeps a file from being a policy, or (as a warning) that its owner should look at. */
export interface Problem {
  readonly message: string;
  readonly line?: number;
}

export type ReadRule =
  { readonly kind: 'rule'; readonly rule: Rule } | { readonly kind: 'problem'; readonly problem: Problem };

/** Reads one rule from its text and JSON form. */
export function readRule(
  part: EnginePart,
  { line, name }: { readonly line: number; readonly name: string },
  catalogue: Catalogue,
): ReadRule {
  const effect = text(field(part.json, 'effect')) === 'permit' ? 'permit' : 'forbid';
  const annotations = parseAnnotations(effect, field(part.json, 'annotations'));
  if (annotations.kind === 'wrong') return { kind: 'problem', problem: { message: annotations.message, line } };
  const literal = literalProblem(field(part.json, 'conditions'));
  if (literal !== null) return { kind: 'problem', problem: { message: literal, line } };
  return {
    kind: 'rule',
    rule: {
      id: annotations.id ?? name,
      effect,
      line,
      source: part.source,
      terms: annotations.terms,
      conditional: list(field(part.json, 'conditions')).length > 0,
      actions: actionsOf(field(part.json, 'action'), catalogue),
      reads: attributesRead(field(part.json, 'conditions')),
    },
  };
}

/**
 * The actions a scope can match. INVARIANT: never fewer than the engine would match; a scope that is not understood
 * means all, because a forbid that is left out of a slice would be a hole.
 */
export function actionsOf(scope: unknown, catalogue: Catalogue): ReadonlySet<string> {
  const op = field(scope, 'op');
  if (op !== '==' && op !== 'in') return new Set(catalogue.keys());
  const entities = field(scope, 'entities') ?? [field(scope, 'entity')];
  const named = list(entities).map((entity) => text(field(entity, 'id')));
  if (!Array.isArray(entities) || named.includes('')) return new Set(catalogue.keys());
  const groups: readonly string[] = op === 'in' ? ACTION_GROUPS.filter((group) => named.includes(group)) : [];
  const matched = [...catalogue].filter(([name, { effect }]) => named.includes(name) || groups.includes(effect));
  return new Set(matched.map(([name]) => name));
}

/**
 * A literal that can never match what the context holds, or that shows as something else than it is. Such a forbid
 * would look right and bind nothing.
 */
function literalProblem(json: unknown): string | null {
  for (const literal of literalsOf(json)) {
    if (!/^[\u0020-\u007e]*$/.test(literal)) {
      return 'a text here holds characters outside plain ASCII; write international domains as punycode (`xn--…`)';
    }
    const lower = literal.toLowerCase();
    if (
      literal !== lower &&
      (parseMailAddress(literal) !== null || parseMailAddress(`x@${literal}`)?.domain.includes('.') === true)
    ) {
      return `\`${literal}\` never matches: addresses and domains are compared in lower case; write \`${lower}\``;
    }
  }
  return null;
}

/**
 * The attributes of `context` that conditions read, or null when `context` stands somewhere by itself.
 * INVARIANT: never fewer than the engine reads. (Were one missing, the rule would err, and erring denies.)
 */
export function attributesRead(conditions: unknown): ReadonlySet<string> | null {
  const read = new Set<string>();
  const open: unknown[] = [conditions];
  while (open.length > 0) {
    const value = open.pop();
    if (field(value, 'Var') === 'context') return null;
    for (const [key, inner] of Object.entries(isObject(value) || Array.isArray(value) ? value : {})) {
      const access = (key === '.' || key === 'has') && field(field(inner, 'left'), 'Var') === 'context';
      if (!access) open.push(inner);
      else for (const name of pathOf(field(inner, 'attr'))) read.add(name);
    }
  }
  return read;
}

/** `has` may be followed by a path. */
function pathOf(attr: unknown): readonly string[] {
  return typeof attr === 'string' ? [attr] : strings(attr);
}

/** Every string in a JSON form, without recursion: a rule may nest deeply. */
function literalsOf(json: unknown): readonly string[] {
  const found: string[] = [];
  const open: unknown[] = [json];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'string') found.push(value);
    else if (Array.isArray(value)) open.push(...list(value));
    else if (isObject(value)) open.push(...Object.values(value));
  }
  return found;
}
