/** UTF-8 without the platform's coders, which this room does not see. */

/** Bytes of well-formed text. Throws `TypeError` for a lone surrogate: no text of ours holds one. */
export function utf8Encode(text: string): Uint8Array {
  const out = new Uint8Array(text.length * 3);
  let at = 0;
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x80) {
      out[at++] = code;
    } else if (code < 0x800) {
      out[at++] = 0xc0 | (code >> 6);
      out[at++] = 0x80 | (code & 0x3f);
    } else if (code < 0x10000) {
      if (code >= 0xd800 && code <= 0xdfff) throw new TypeError('text holds a lone surrogate');
      out[at++] = 0xe0 | (code >> 12);
      out[at++] = 0x80 | ((code >> 6) & 0x3f);
      out[at++] = 0x80 | (code & 0x3f);
    } else {
      out[at++] = 0xf0 | (code >> 18);
      out[at++] = 0x80 | ((code >> 12) & 0x3f);
      out[at++] = 0x80 | ((code >> 6) & 0x3f);
      out[at++] = 0x80 | (code & 0x3f);
    }
  }
  return out.slice(0, at);
}

/** Text of UTF-8 bytes, or null: overlong forms, surrogates, cut sequences and what lies past U+10FFFF are refused. */
export function utf8Decode(bytes: Uint8Array): string | null {
  const pieces: string[] = [];
  let units: number[] = [];
  for (let i = 0; i < bytes.length;) {
    const lead = bytes[i] ?? 0;
    const length = sequenceLength(lead);
    if (length === 0 || i + length > bytes.length) return null;
    let code = length === 1 ? lead : lead & (0x7f >> length);
    for (let k = 1; k < length; k++) {
      const byte = bytes[i + k] ?? 0;
      if ((byte & 0xc0) !== 0x80) return null;
      code = (code << 6) | (byte & 0x3f);
    }
    if (isOverlong(code, length) || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) return null;
    units.push(code);
    if (units.length === 4_096) {
      pieces.push(String.fromCodePoint(...units));
      units = [];
    }
    i += length;
  }
  pieces.push(String.fromCodePoint(...units));
  return pieces.join('');
}

function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

function isOverlong(code: number, length: number): boolean {
  return (length === 3 && code < 0x800) || (length === 4 && code < 0x10000);
}

/** Bytes of text that is known to be ASCII; each unit is one byte. */
export function asciiBytes(text: string): Uint8Array {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

/** Text of bytes that are all ASCII, or null. */
export function asciiText(bytes: Uint8Array): string | null {
  const pieces: string[] = [];
  for (let i = 0; i < bytes.length; i += 4_096) {
    const piece = bytes.subarray(i, i + 4_096);
    if (piece.some((byte) => byte > 0x7f)) return null;
    pieces.push(String.fromCharCode(...piece));
  }
  return pieces.join('');
}
