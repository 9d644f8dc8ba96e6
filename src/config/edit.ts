import JSON5 from 'json5';
import { locateMembers, type Place } from './locate.ts';

/**
 * `text` with the member at `path` set to `value`, everything else (comments, order, blanks) untouched. Sections that
 * are missing are added. `text` must be JSON5 with an object at the top; the result still has to be validated.
 * Throws when an existing value on the way is not an object.
 */
export function setMember(text: string, path: readonly string[], value: unknown): string {
  const { root, members } = locateMembers(text);
  const found = findPlace(members, path);
  if (found !== undefined) {
    return text.slice(0, found.valueStart) + render(value, indentAt(text, found.keyStart)) + text.slice(found.valueEnd);
  }
  for (let length = path.length - 1; length >= 0; length--) {
    const parent = length === 0 ? root : findPlace(members, path.slice(0, length));
    if (parent === undefined) continue;
    if (parent.kind !== 'object') throw new Error(`\`${path.slice(0, length).join('.')}\` is not an object`);
    const inner = path.slice(length + 1).reduceRight<unknown>((nested, key) => ({ [key]: nested }), value);
    return insert(text, parent, {
      key: path[length] ?? '',
      value: inner,
      isEmpty: !members.some((place) => isInside(place, parent)),
    });
  }
  return text;
}

/** A value as it is typed on a command line: JSON5 where it is JSON5, else the text itself (`20`, `{…}`, `Ann Lee`). */
export function parseMember(text: string): unknown {
  try {
    return JSON5.parse<unknown>(text);
  } catch {
    return text;
  }
}

/** The last of repeated members is the one that JSON5 takes. */
function findPlace(members: readonly Place[], path: readonly string[]): Place | undefined {
  return members.findLast(
    (place) => place.path.length === path.length && place.path.every((part, i) => part === path[i]),
  );
}

function isInside(place: Place, parent: Place): boolean {
  return place.keyStart > parent.valueStart && place.valueEnd < parent.valueEnd;
}

function insert(text: string, parent: Place, member: { key: string; value: unknown; isEmpty: boolean }): string {
  const outer = parent.path.length === 0 ? '' : indentAt(text, parent.keyStart);
  const indent = `${outer}  `;
  // Right after the opening brace: no comma of a neighbour has to be found, and comments at the end stay where they are.
  const at = parent.valueStart + 1;
  const rest = text.slice(at);
  const onOneLine = !/^[^\S\n]*(?:\/\/[^\n]*)?\n/.test(rest);
  const line = `\n${indent}${bareKey(member.key)}: ${render(member.value, indent)},`;
  return text.slice(0, at) + line + (onOneLine ? `\n${member.isEmpty ? outer : indent}${rest.trimStart()}` : rest);
}

function indentAt(text: string, offset: number): string {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(lineStart, offset))?.[0] ?? '';
}

function render(value: unknown, indent: string): string {
  return JSON.stringify(value, null, 2)
    .replace(/^(\s*)"([A-Za-z_$][\w$]*)":/gm, '$1$2:')
    .replaceAll('\n', `\n${indent}`);
}

function bareKey(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}
