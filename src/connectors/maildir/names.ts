/** What a file's name in a Maildir folder says. */
export interface MaildirName {
  /** The unique part, without flags. */
  readonly key: string;
  /** Letters after `:2,`; null when the name carries none. */
  readonly flags: string | null;
}

const KEY = /^[A-Za-z0-9_=+,@%~-][A-Za-z0-9._=+,@%~-]{0,199}$/;

/** The name's parts, or null for a name that we do not use as a key and therefore replace. */
export function parseMaildirName(name: string): MaildirName | null {
  const cut = name.indexOf(':');
  const key = cut < 0 ? name : name.slice(0, cut);
  if (!KEY.test(key)) return null;
  if (cut < 0) return { key, flags: null };
  const flags = /^:2,([A-Za-z]{0,52})$/.exec(name.slice(cut))?.[1];
  return flags === undefined ? null : { key, flags };
}

/** The name of a taken message: its key, its flags and `S` (seen), in the alphabetical order that Maildir asks for. */
export function takenName(name: MaildirName): string {
  const flags = [...new Set(`${name.flags ?? ''}S`.split(''))].sort().join('');
  return `${name.key}:2,${flags}`;
}

/** The entries in order of arrival, as far as names tell it: by their leading time, then microseconds, then as text. */
export function sortByArrival<E extends { readonly name: string }>(entries: readonly E[]): E[] {
  const timed = entries.map((entry) => ({ entry, at: arrival(entry.name) }));
  timed.sort((a, b) => a.at - b.at || (a.entry.name < b.entry.name ? -1 : a.entry.name > b.entry.name ? 1 : 0));
  return timed.map(({ entry }) => entry);
}

/** Microseconds in a name such as `1204680122.M27P3.host`. Names without a time come first: nothing says they are new. */
function arrival(name: string): number {
  const [, seconds, micros] = /^(\d{1,10})(?:\.M(\d{1,6}))?/.exec(name) ?? [];
  return seconds === undefined ? 0 : Number(seconds) * 1_000_000 + Number(micros ?? 0);
}
