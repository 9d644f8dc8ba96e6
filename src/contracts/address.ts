/** A mail address in the one strict ASCII grammar that we accept anywhere authority is carried. */
export interface MailAddress {
  /** As it goes on the wire: the local part as given, the domain in lower case. */
  readonly text: string;
  /** For comparison: all in lower case. */
  readonly key: string;
  readonly domain: string;
}

const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * The address in `text`, or null. No display name, comment, quoted local part, address literal, white space or
 * non-ASCII character is taken: whoever has such an address can be written as punycode, everything else is a trick.
 */
export function parseMailAddress(text: string): MailAddress | null {
  if (text.length > 254) return null;
  const at = text.lastIndexOf('@');
  if (at < 1 || at > 64) return null;
  const local = text.slice(0, at);
  const domain = text.slice(at + 1).toLowerCase();
  if (!LOCAL.test(local) || domain.length > 253) return null;
  const labels = domain.split('.');
  if (!labels.every((label) => LABEL.test(label)) || /^\d+$/.test(labels.at(-1) ?? '')) return null;
  return { text: `${local}@${domain}`, key: `${local.toLowerCase()}@${domain}`, domain };
}
