export const LF = 10;
export const CR = 13;
const SPACE = 32;
const TAB = 9;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const LEGACY = new TextDecoder('windows-1252');

/** Index after the line that starts at `from`, line feed included. */
export function lineEnd(bytes: Uint8Array, from: number, end: number): number {
  const at = bytes.indexOf(LF, from);
  return at < 0 || at >= end ? end : at + 1;
}

/** End of the line's text: without CR, LF and trailing blanks. */
export function trimEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = end;
  while (at > from) {
    const byte = bytes[at - 1];
    if (byte !== LF && byte !== CR && byte !== SPACE && byte !== TAB) break;
    at -= 1;
  }
  return at;
}

export function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

/** UTF-8 where it is UTF-8, else windows-1252: every byte becomes something that can be seen. */
export function decodeLoose(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    return LEGACY.decode(bytes);
  }
}

/** The message without a byte order mark and leading empty lines, its line ends made line feeds when all are bare CR. */
export function startOfMessage(raw: Uint8Array): Uint8Array {
  let at = raw[0] === 0xef && raw[1] === 0xbb && raw[2] === 0xbf ? 3 : 0;
  while (at < raw.length && at < 4_096 && (raw[at] === LF || raw[at] === CR)) at += 1;
  const bytes = at === 0 ? raw : raw.subarray(at);
  if (bytes.indexOf(LF) >= 0 || bytes.indexOf(CR) < 0) return bytes;
  return bytes.map((byte) => (byte === CR ? LF : byte));
}
