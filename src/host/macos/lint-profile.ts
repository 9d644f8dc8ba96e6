import { OPERATIONS } from './seatbelt.ts';

/** A form of the profile language: a word, a text, or a list of forms. */
export type Form =
  | { readonly kind: 'word'; readonly word: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly forms: readonly Form[] };

const FILTERS = new Set([
  'literal',
  'subpath',
  'local',
  'remote',
  'socket-domain',
  'target',
  'sysctl-name',
  'global-name',
]);

/** What is wrong with a profile; empty when nothing is. Reads it with a parser of its own, not with what wrote it. */
export function lintProfile(text: string): string[] {
  let forms: readonly Form[];
  try {
    forms = parseForms(text);
  } catch (error) {
    return [error instanceof Error ? error.message : 'cannot be read'];
  }
  const [first, second, ...rules] = forms;
  const problems = rules.flatMap(lintRule);
  if (first === undefined || show(first) !== '(version 1)') problems.unshift('does not begin with `(version 1)`');
  if (second === undefined || show(second) !== '(deny default)') problems.unshift('does not deny by default');
  return problems;
}

function lintRule(form: Form): string[] {
  if (form.kind !== 'list') return [`\`${show(form)}\` is no rule`];
  const [effect, operation, ...filters] = form.forms;
  const problems: string[] = [];
  if (effect?.kind !== 'word' || (effect.word !== 'allow' && effect.word !== 'deny'))
    return [`\`${show(form)}\` neither allows nor denies`];
  const name = operation?.kind === 'word' ? operation.word : '';
  if (!OPERATIONS.some((known) => known === name)) problems.push(`\`${name}\` is no operation we use`);
  if (effect.word === 'allow' && filters.length === 0) problems.push(`\`${name}\` is allowed without a limit`);
  if (effect.word === 'allow' && name === 'default') problems.push('everything is allowed');
  return [...problems, ...filters.flatMap(lintFilter)];
}

function lintFilter(form: Form): string[] {
  if (form.kind !== 'list') return [`\`${show(form)}\` is no filter`];
  const [name, ...rest] = form.forms;
  if (name?.kind !== 'word' || !FILTERS.has(name.word)) return [`\`${show(form)}\` is no filter we use`];
  const paths = name.word === 'literal' || name.word === 'subpath' ? rest : [];
  const wrong = paths.flatMap((path) =>
    path.kind === 'text' && path.text.startsWith('/') && !/^\/(?:var|tmp|etc)(?:\/|$)/.test(path.text)
      ? []
      : [`\`${show(path)}\` is no real absolute path`],
  );
  return [...wrong, ...rest.flatMap((inner) => (inner.kind === 'list' ? lintFilter(inner) : []))];
}

/** The forms of a text. Throws when brackets or texts do not end. */
export function parseForms(text: string): readonly Form[] {
  const stack: Form[][] = [[]];
  const token = /\s+|;[^\n]*|([()])|"((?:[^"\\]|\\.)*)"|([^\s()";]+)|(.)/gsy;
  for (const [, bracket, quoted, word, other] of text.matchAll(token)) {
    const open = stack.at(-1) ?? [];
    if (other !== undefined) throw new Error('a text does not end');
    if (bracket === '(') stack.push([]);
    else if (bracket === ')') {
      if (stack.length === 1) throw new Error('a bracket closes that was not opened');
      stack.pop();
      stack.at(-1)?.push({ kind: 'list', forms: open });
    } else if (quoted !== undefined) open.push({ kind: 'text', text: quoted.replaceAll(/\\(.)/g, '$1') });
    else if (word !== undefined) open.push({ kind: 'word', word });
  }
  if (stack.length !== 1) throw new Error('a bracket is not closed');
  return stack[0] ?? [];
}

function show(form: Form): string {
  switch (form.kind) {
    case 'word':
      return form.word;
    case 'text':
      return JSON.stringify(form.text);
    case 'list':
      return `(${form.forms.map(show).join(' ')})`;
    default:
      return form satisfies never;
  }
}
