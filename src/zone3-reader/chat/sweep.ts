import { isMembers } from './members.ts';

/** Shorter strings cannot give an order; ids, types and file names are mostly such. */
const CHARS_MIN = 12;
const STRINGS_MAX = 400;

/** A string that no part of a reader asked for. */
export interface Unread {
  /** Names on the way to it. */
  readonly path: string;
  readonly text: string;
}

/**
 * The strings of a message that hold words and that nobody read: members that are new, odd or never drawn. Iterative;
 * the caller has capped depth and number.
 */
export function unreadStrings(value: unknown, read: ReadonlySet<string>): Unread[] {
  const found: Unread[] = [];
  const known = new Set(read);
  const stack: { readonly path: string; readonly value: unknown }[] = [{ path: '', value }];
  for (let at = stack.pop(); at !== undefined && found.length < STRINGS_MAX; at = stack.pop()) {
    if (typeof at.value === 'string') {
      if (at.value.length < CHARS_MIN || !/\s/.test(at.value) || known.has(at.value)) continue;
      known.add(at.value);
      found.push({ path: at.path, text: at.value });
    } else if (Array.isArray(at.value)) {
      for (let i = at.value.length - 1; i >= 0; i--) stack.push({ path: at.path, value: at.value[i] });
    } else if (isMembers(at.value)) {
      for (const [name, inner] of Object.entries(at.value).toReversed())
        stack.push({
          path: at.path === '' ? name.slice(0, 40) : `${at.path.slice(-60)}.${name.slice(0, 40)}`,
          value: inner,
        });
    }
  }
  return found;
}
