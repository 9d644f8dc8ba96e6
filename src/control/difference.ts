import { safeText } from './escape.ts';

/** What is confirmed by digest. */
export type ConfirmedName = 'policy' | 'contacts' | 'config';

/**
 * What changes between two texts of a confirmed file, in words, one sentence a line, safe to print. Policy: rules by id,
 * with their annotations. Contacts: JSON `[{address, name}]`. Config: dotted keys of two JSON objects. `before` is empty
 * when nothing was confirmed yet. A text that cannot be read that way is compared by lines.
 */
export function describeDifference(name: ConfirmedName, before: string, after: string): string[] {
  if (before === after) return [];
  const read = { policy: readRules, contacts: readContacts, config: readKeys }[name];
  const [old, now] = [before === '' ? new Map<string, Entry>() : read(before), read(after)];
  if (old === null || now === null) return compareLines(before, after);
  const words = compareEntries(old, now, NOUNS[name]);
  return words.length > 0 ? words : ['only comments, blanks or order change; no rule or value does'];
}

/** One thing that may be added, removed or changed: its parts by name. */
type Entry = ReadonlyMap<string, string>;
const NOUNS: Readonly<Record<ConfirmedName, string>> = { policy: 'rule', contacts: 'contact', config: 'setting' };

function compareEntries(before: ReadonlyMap<string, Entry>, after: ReadonlyMap<string, Entry>, noun: string): string[] {
  const words: string[] = [];
  for (const [id, entry] of after) {
    const old = before.get(id);
    if (old === undefined) words.push(`${noun} \`${safeText(id)}\` is added: ${describeEntry(entry)}`);
    else words.push(...compareParts(`${noun} \`${safeText(id)}\``, old, entry));
  }
  for (const [id, entry] of before) {
    if (!after.has(id)) words.push(`${noun} \`${safeText(id)}\` is removed: it was ${describeEntry(entry)}`);
  }
  return words;
}

function compareParts(subject: string, before: Entry, after: Entry): string[] {
  const words: string[] = [];
  for (const [part, value] of after) {
    const old = before.get(part);
    if (old === undefined) words.push(`${subject} gains ${part} \`${safeText(value)}\``);
    else if (old !== value)
      words.push(`${subject} changes its ${part} from \`${safeText(old)}\` to \`${safeText(value)}\``);
  }
  for (const [part, value] of before)
    if (!after.has(part)) words.push(`${subject} loses ${part} \`${safeText(value)}\``);
  return words;
}

function describeEntry(entry: Entry): string {
  return [...entry].map(([part, value]) => `${part} \`${safeText(value)}\``).join(', ');
}

const TOKEN = /\s+|\/\/[^\n]*|"(?:[^"\\]|\\[\s\S])*"|@?[A-Za-z_][A-Za-z0-9_:]*|\d+|[=!<>&|]{2}|[\s\S]/gy;

/** Rules of a Cedar text by `@id` (or their number), each with annotations, effect and conditions in one spelling. */
function readRules(text: string): Map<string, Entry> | null {
  const rules = new Map<string, Entry>();
  const tokens = (text.match(TOKEN) ?? []).filter((token) => !/^\s/.test(token) && !token.startsWith('//'));
  let current: string[] = [];
  for (const token of tokens) {
    if (token !== ';') {
      current.push(token);
      continue;
    }
    const rule = readRule(current);
    if (rule === null) return null;
    const id = rule.get('annotation @id')?.slice(1, -1) ?? `number ${rules.size + 1}`;
    if (rules.has(id)) return null;
    rules.set(id, new Map([...rule].filter(([part]) => part !== 'annotation @id')));
    current = [];
  }
  return current.length === 0 ? rules : null;
}

function readRule(tokens: readonly string[]): Map<string, string> | null {
  const parts = new Map<string, string>();
  let at = 0;
  while (tokens[at]?.startsWith('@') === true) {
    const valued = tokens[at + 1] === '(' && tokens[at + 3] === ')';
    const name = `annotation ${tokens[at] ?? ''}`;
    if (parts.has(name)) return null;
    parts.set(name, valued ? (tokens[at + 2] ?? '') : '');
    at += valued ? 4 : 1;
  }
  const effect = tokens[at];
  if (effect !== 'permit' && effect !== 'forbid') return null;
  parts.set('effect', effect);
  parts.set('condition', tokens.slice(at + 1).join(' '));
  return parts;
}

function readContacts(text: string): Map<string, Entry> | null {
  const list = parseJson(text);
  if (!Array.isArray(list)) return null;
  const contacts = new Map<string, Entry>();
  for (const entry of list as readonly unknown[]) {
    if (typeof entry !== 'object' || entry === null) return null;
    const { address, name } = entry as { address?: unknown; name?: unknown };
    if (typeof address !== 'string' || typeof name !== 'string' || contacts.has(address)) return null;
    contacts.set(address, new Map([['name', name]]));
  }
  return contacts;
}

function readKeys(text: string): Map<string, Entry> | null {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const keys = new Map<string, Entry>();
  flatten(value, '', keys);
  return keys;
}

function flatten(value: object, path: string, into: Map<string, Entry>): void {
  for (const [key, part] of Object.entries(value) as [string, unknown][]) {
    const here = path === '' ? key : `${path}.${key}`;
    if (typeof part === 'object' && part !== null && !Array.isArray(part)) flatten(part, here, into);
    else into.set(here, new Map([['value', JSON.stringify(part)]]));
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function compareLines(before: string, after: string): string[] {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const [had, has] = [new Set(old), new Set(now)];
  const words = [
    ...now.filter((line) => line.trim() !== '' && !had.has(line)).map((line) => `new line: \`${safeText(line)}\``),
    ...old.filter((line) => line.trim() !== '' && !has.has(line)).map((line) => `line gone: \`${safeText(line)}\``),
  ];
  return words.length > 0 ? words : ['only blanks, repeats or the order of lines change'];
}
