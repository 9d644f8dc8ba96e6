/** Bytes out of base64 and quoted-printable. Nothing here fails: what cannot be decoded is skipped or kept as it is. */

const BASE64 = makeBase64Table();
const PAD = 61;

/**
 * Base64 with everything foreign skipped. A pad ends a unit and a new one may follow, since some mailers pad every
 * line. `max` bounds the output in bytes.
 */
export function decodeBase64(bytes: Uint8Array, max: number): Uint8Array {
  const out = new Uint8Array(Math.min(max, Math.floor(bytes.length * 0.75) + 3));
  let at = 0;
  let bits = 0;
  let held = 0;
  for (let i = 0; i < bytes.length && at < out.length; i++) {
    const value = BASE64[bytes[i] ?? 0] ?? -1;
    if (value < 0) {
      if (bytes[i] === PAD) held = 0;
      continue;
    }
    bits = ((bits << 6) | value) & 0xffffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out[at++] = (bits >>> held) & 0xff;
    }
  }
  return out.subarray(0, at);
}

/** Quoted-printable: soft breaks joined, bad escapes kept as text, blanks before a line's end dropped. */
export function decodeQuotedPrintable(bytes: Uint8Array, max: number): Uint8Array {
  const source = bytes.length > max * 3 ? bytes.subarray(0, max * 3) : bytes;
  const out = new Uint8Array(source.length);
  let at = 0;
  for (let i = 0; i < source.length; i++) {
    const byte = source[i] ?? 0;
    if (byte !== 61 && byte !== 10) out[at++] = byte;
    else if (byte === 10) {
      while (at > 0 && (out[at - 1] === 32 || out[at - 1] === 9 || out[at - 1] === 13)) at -= 1;
      out[at++] = 10;
    } else {
      const soft = softBreak(source, i);
      if (soft > 0) {
        i = soft - 1;
        continue;
      }
      const high = hexValue(source[i + 1]);
      const low = hexValue(source[i + 2]);
      if (high >= 0 && low >= 0) {
        out[at++] = (high << 4) | low;
        i += 2;
      } else out[at++] = byte;
    }
  }
  return out.subarray(0, Math.min(at, max));
}

/** Value of a hexadecimal digit, or -1. */
export function hexValue(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** Index after `=` blanks line-end, or -1. */
function softBreak(bytes: Uint8Array, at: number): number {
  let i = at + 1;
  while (bytes[i] === 32 || bytes[i] === 9) i += 1;
  if (bytes[i] === 13) i += 1;
  if (bytes[i] === 10) return i + 1;
  return i >= bytes.length ? i : -1;
}

function makeBase64Table(): Int8Array {
  const table = new Int8Array(256).fill(-1);
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  for (let i = 0; i < 64; i++) table[letters.charCodeAt(i)] = i;
  table['-'.charCodeAt(0)] = 62;
  table['_'.charCodeAt(0)] = 63;
  return table;
}
