/** Bytes of the header that are looked at for a Message-ID. */
const HEADER_BYTES_MAX = 32_768;
const FIELD = /(?:^|\n)message-id[ \t]*:[ \t]*(?:\r?\n[ \t]+)?(<[!#-;=?-~]{3,248}>)[ \t]*\r?\n(?![ \t])/i;
const ID = /^<[^<>@]+@[^<>@]+>$/;

/**
 * The Message-ID that a mail claims, or null when it has none in the plain grammar. It is not part of the extract: no
 * planner sees it. Zone 1 keeps it for threading and parses it again.
 */
export function readMessageId(raw: Uint8Array): string | null {
  const head = new TextDecoder('latin1').decode(raw.subarray(0, HEADER_BYTES_MAX));
  const end = /\r?\n\r?\n/.exec(head);
  const header = end === null ? head : head.slice(0, end.index + 1);
  const found = FIELD.exec(`${header}\n`)?.[1];
  return found !== undefined && ID.test(found) ? found : null;
}
