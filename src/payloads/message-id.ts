const ID_CHARS_MAX = 250;
/** No white space, no angle bracket inside, one `@`, printable ASCII only: nothing that could end or begin a header. */
const ID = /^<[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]+@[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]+>$/;

/** True for a message id in angle brackets, in the one grammar that we write into headers. */
export function isMessageId(text: string): boolean {
  return text.length <= ID_CHARS_MAX && ID.test(text) && !text.includes('=?');
}

/**
 * The ids in a claimed `Message-ID`, `In-Reply-To` or `References` value that our grammar takes, in order, without
 * repeats, the last `max` of them. Hostile text in, harmless ids out; the rest is left out.
 */
export function parseMessageIds(value: string, max = 20): readonly string[] {
  const ids = (value.slice(0, 65_536).match(/<[^<>\s]{3,248}>/g) ?? []).filter(isMessageId);
  return [...new Set(ids)].slice(-max);
}
