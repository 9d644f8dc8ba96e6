/** Keys of the design whose part is not built, by dotted path, with the part that builds them. */
export const LATER_KEYS: ReadonlyMap<string, number> = new Map([
  ['gateway', 4],
  ['edge', 5],
  ['channels', 3],
  ['secrets', 3],
  ['stop', 5],
  ['guardian', 5],
  ['canaries', 5],
  ['session.dmScope', 4],
  ['models.pools', 7],
  ['models.cloud', 7],
  ['models.routes', 7],
  ['mail.imap', 3],
  ['mail.smtp', 3],
  ['mail.gmail', 3],
  ['approvals.presence', 4],
]);

const SECRET_KEY = /pass(?:word|phrase)?$|secret|token$|api_?key|private_?key|credential/i;

const SECRET_VALUES: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY/,
  /\bAGE-SECRET-KEY-1/i,
  /\b(?:sk|pk|rk)[-_](?:live|test|ant|proj|or)?[-_]?[A-Za-z0-9_-]{16,}/,
  /\bgh[pousr]_[A-Za-z0-9]{20,}/,
  /\bgithub_pat_[A-Za-z0-9_]{20,}/,
  /\bxox[abeprs]-[A-Za-z0-9-]{10,}/,
  /\bxapp-[A-Za-z0-9-]{10,}/,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/,
  /\bAIza[\w-]{30,}/,
  /\bya29\.[\w-]{20,}/,
  /\b\d{8,10}:[\w-]{35}\b/,
  /\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/,
  /\b[A-Za-z0-9+/]{64,}={0,2}(?![\w.@-])/,
];

/** True when a text looks like a credential. A reducer: it stops the common slip, it proves nothing. */
export function looksSecret(text: string): boolean {
  return SECRET_VALUES.some((pattern) => pattern.test(text));
}

/** True when a key is named as a place for a credential. */
export function namesSecret(key: string): boolean {
  return SECRET_KEY.test(key);
}
