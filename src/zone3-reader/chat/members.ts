/** An object of a message: its own members only, whatever their names. */
export type Members = Readonly<Record<string, unknown>>;

export function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The own member at a path of names, or undefined where any step is missing. */
export function member(value: unknown, ...path: readonly string[]): unknown {
  let at = value;
  for (const name of path) {
    if (!isMembers(at) || !Object.hasOwn(at, name)) return undefined;
    at = at[name];
  }
  return at;
}

/** The own member when it is an object, else null. */
export function objectAt(value: unknown, ...path: readonly string[]): Members | null {
  const found = member(value, ...path);
  return isMembers(found) ? found : null;
}

/** At most `max` elements; nothing where it is no array. */
export function listAt(value: unknown, name: string, max: number): readonly unknown[] {
  const found: unknown = member(value, name);
  return Array.isArray(found) ? found.slice(0, max) : [];
}

/** A count of bytes as it was claimed: a whole number that is not negative, else 0. */
export function countAt(value: unknown, name: string): number {
  const found = member(value, name);
  return typeof found === 'number' && Number.isSafeInteger(found) && found >= 0 ? found : 0;
}

/** Seconds since 1970, written as a number or as text, as ISO 8601 in UTC; null where it is none up to the year 9998. */
export function instantOf(seconds: unknown): string | null {
  const written = typeof seconds === 'string' && /^\d{1,12}(?:\.\d{1,9})?$/.test(seconds) ? Number(seconds) : seconds;
  if (typeof written !== 'number' || !(written > 0) || written > 253_370_764_799) return null;
  return new Date(Math.floor(written * 1_000)).toISOString();
}
