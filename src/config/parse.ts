import JSON5 from 'json5';
import * as z from 'zod';
import { toConfig, type Config } from './config.ts';
import { lineAt, locateMembers, type Place } from './locate.ts';
import { nearest } from './nearest.ts';
import { configSchema } from './schema.ts';
import { valueAt } from './value-at.ts';
import { LATER_KEYS, looksSecret, namesSecret } from './suspicious.ts';

/** What is wrong with a configuration: dotted key (empty: the file), line where one is known, and what to do. */
export interface ConfigProblem {
  readonly key: string;
  readonly line: number | null;
  readonly message: string;
}

export type ParsedConfig =
  | { readonly kind: 'ok'; readonly config: Config }
  | { readonly kind: 'refused'; readonly problems: readonly [ConfigProblem, ...ConfigProblem[]] };

/** Longest file that is read, in UTF-16 units. */
export const CONFIG_CHARS_MAX = 65_536;
const DEPTH_MAX = 8;

/**
 * The configuration in `text` (JSON5; `${NAME}` in a string value is replaced from `env`), complete and frozen, or every
 * reason why it is refused. A value never appears in a message: it could be a secret.
 */
export function parseConfig(text: string, env: Readonly<Record<string, string | undefined>>): ParsedConfig {
  if (text.length > CONFIG_CHARS_MAX)
    return refuse([{ key: '', line: null, message: `the file passes ${CONFIG_CHARS_MAX} characters` }]);
  const read = readJson5(text);
  if ('problem' in read) return refuse([read.problem]);
  const { members } = locateMembers(text);
  const lines = new Lines(text, members);
  const problems = [...findRepeats(text, members), ...checkMembers(members, lines)];
  const replaced = substitute(read.value, env, [], problems, lines);
  const parsed = configSchema.safeParse(replaced);
  if (!parsed.success) for (const issue of parsed.error.issues) problems.push(...toProblems(issue, replaced, lines));
  if (problems.length > 0 || !parsed.success) return refuse(unique(problems));
  return { kind: 'ok', config: toConfig(parsed.data) };
}

/** Known keys below a dotted path (`''`: the top), or none. */
export function knownKeys(path: readonly string[]): readonly string[] {
  let schema: z.core.$ZodType = configSchema;
  for (const part of path) {
    const object = unwrap(schema);
    const next: z.core.$ZodType | undefined =
      object instanceof z.ZodObject && Object.hasOwn(object.shape, part) ? object.shape[part] : undefined;
    if (next === undefined) return [];
    schema = next;
  }
  const object = unwrap(schema);
  return object instanceof z.ZodObject ? Object.keys(object.shape) : [];
}

/** The schema inside defaults and nullables. */
export function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable)
    return unwrap(schema.def.innerType);
  return schema;
}

/** One sentence for a problem, as `config validate` prints it. */
export function describeProblem(problem: ConfigProblem): string {
  const where = problem.line === null ? '' : `line ${problem.line}: `;
  return problem.key === '' ? `${where}${problem.message}` : `${where}\`${problem.key}\` ${problem.message}`;
}

function readJson5(text: string): { value: unknown } | { problem: ConfigProblem } {
  try {
    const value: unknown = JSON5.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { value };
    return { problem: { key: '', line: 1, message: 'the file must hold one object in braces' } };
  } catch (cause) {
    const line =
      cause instanceof Error && 'lineNumber' in cause && typeof cause.lineNumber === 'number' ? cause.lineNumber : null;
    return {
      problem: {
        key: '',
        line,
        message: 'this is not JSON5; look for a missing comma, quote or brace here or just above',
      },
    };
  }
}

function findRepeats(text: string, members: readonly Place[]): ConfigProblem[] {
  const seen = new Set<string>();
  return members.flatMap(({ path, keyStart }) => {
    const key = JSON.stringify(path);
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [{ key: showKey(path), line: lineAt(text, keyStart), message: 'stands here a second time; keep one' }];
  });
}

/** Keys that need an own word, before the schema sees them: parts to come, places for secrets, `__proto__`. */
function checkMembers(members: readonly Place[], lines: Lines): ConfigProblem[] {
  return members.flatMap(({ path }): ConfigProblem[] => {
    const parents = path.slice(0, -1);
    const key = path.at(-1) ?? '';
    if (path.length > DEPTH_MAX)
      return [{ key: showKey(path.slice(0, DEPTH_MAX)), line: lines.of(path), message: 'is nested too deep' }];
    // What an unknown key holds is not looked at: the key itself is told.
    if (knownKeys(path.slice(0, -1)).length === 0 || knownKeys(parents).includes(key)) return [];
    return [{ key: showKey(path), line: lines.of(path), message: explainUnknown(path) }];
  });
}

function explainUnknown(path: readonly string[]): string {
  const key = path.at(-1) ?? '';
  const part = LATER_KEYS.get(path.join('.'));
  if (part !== undefined) return `is not built yet: it comes with part ${part}; remove it`;
  if (namesSecret(key))
    return 'is no place for a secret: secrets never stand in this file (the vault comes with part 3); remove it';
  const near = nearest(key, knownKeys(path.slice(0, -1)));
  if (near !== null) return `is unknown; did you mean \`${[...path.slice(0, -1), near].join('.')}\`?`;
  return `is unknown; here may stand ${knownKeys(path.slice(0, -1))
    .map((known) => `\`${known}\``)
    .join(', ')}`;
}

const VARIABLE = /\$\{([^}]*)\}/g;

function substitute(
  value: unknown,
  env: Readonly<Record<string, string | undefined>>,
  path: readonly string[],
  problems: ConfigProblem[],
  lines: Lines,
): unknown {
  if (Array.isArray(value)) return value.map((part, i) => substitute(part, env, [...path, String(i)], problems, lines));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, part]) => [key, substitute(part, env, [...path, key], problems, lines)]),
    );
  }
  if (typeof value !== 'string') return value;
  const tell = (message: string): void => void problems.push({ key: showKey(path), line: lines.of(path), message });
  if (looksSecret(value)) tell('holds what looks like a secret; remove it here and rotate it where it was made');
  return value.replace(VARIABLE, (whole, name: string) => {
    const found = /^[A-Z_][A-Z0-9_]*$/.test(name) ? env[name] : undefined;
    if (found === undefined) tell('names an environment variable in `${…}` that is not set; set it or write the value');
    return found ?? whole;
  });
}

function toProblems(issue: z.core.$ZodIssue, value: unknown, lines: Lines): ConfigProblem[] {
  // Unknown keys were told by `checkMembers`, with the nearest known one.
  if (issue.code === 'unrecognized_keys') return [];
  const path = issue.path.map(String);
  const sentence =
    knownKeys(path).length > 0 && issue.code === 'invalid_type' ? 'must be an object in braces' : issue.message;
  const message = valueAt(value, path) === undefined ? `is missing: it ${sentence}` : sentence;
  return [{ key: path.join('.'), line: lines.of(path), message }];
}

/** A key of the file as it may be shown: a file may hold anything. */
function showKey(path: readonly string[]): string {
  return path.map((part) => part.replace(/[^\w$-]/gu, '?').slice(0, 64)).join('.');
}

function unique(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const seen = new Set<string>();
  const kept = problems.filter((problem) => {
    const mark = JSON.stringify([problem.key, problem.message]);
    return !seen.has(mark) && seen.add(mark).size > 0;
  });
  return kept.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

function refuse(problems: readonly ConfigProblem[]): ParsedConfig {
  const [first, ...rest] = problems;
  return { kind: 'refused', problems: [first ?? { key: '', line: null, message: 'the file is refused' }, ...rest] };
}

/** Line of a member, or of its nearest enclosing one. */
class Lines {
  readonly #text: string;
  readonly #places: ReadonlyMap<string, Place>;

  constructor(text: string, members: readonly Place[]) {
    this.#text = text;
    this.#places = new Map(members.map((place) => [JSON.stringify(place.path), place]));
  }

  of(path: readonly string[]): number | null {
    for (let length = path.length; length > 0; length--) {
      const place = this.#places.get(JSON.stringify(path.slice(0, length)));
      if (place !== undefined) return lineAt(this.#text, place.keyStart);
    }
    return null;
  }
}
