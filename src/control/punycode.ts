/** The Unicode form of a domain whose labels are punycode (RFC 3492), or null when none is, or one is not valid. */
export function decodeDomain(domain: string): string | null {
  if (!/(?:^|\.)xn--/i.test(domain)) return null;
  const labels = domain.split('.').map((label) => (/^xn--/i.test(label) ? decodeLabel(label.slice(4)) : label));
  return labels.every((label) => label !== null) ? labels.join('.') : null;
}

const BASE = 36;

function decodeLabel(encoded: string): string | null {
  const cut = encoded.lastIndexOf('-');
  const output = Array.from(cut > 0 ? encoded.slice(0, cut) : '', (character) => character.codePointAt(0) ?? 0);
  let code = 128;
  let index = 0;
  let bias = 72;
  let at = cut > 0 ? cut + 1 : 0;
  while (at < encoded.length) {
    const before = index;
    for (let weight = 1, k = BASE; ; k += BASE) {
      const digit = digitOf(encoded.charCodeAt(at));
      at += 1;
      if (digit === null) return null;
      index += digit * weight;
      const threshold = k <= bias ? 1 : Math.min(26, k - bias);
      if (digit < threshold) break;
      weight *= BASE - threshold;
      if (index > 0x7fffffff || weight > 0x7fffffff) return null;
    }
    const size = output.length + 1;
    bias = adapt(index - before, size, before === 0);
    code += Math.floor(index / size);
    index %= size;
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return null;
    output.splice(index, 0, code);
    index += 1;
  }
  return String.fromCodePoint(...output);
}

function digitOf(code: number): number | null {
  if (code >= 48 && code < 58) return code - 22;
  const letter = code | 32;
  return letter >= 97 && letter < 123 ? letter - 97 : null;
}

function adapt(delta: number, size: number, first: boolean): number {
  let rest = first ? Math.floor(delta / 700) : delta >> 1;
  rest += Math.floor(rest / size);
  let k = 0;
  for (; rest > 455; k += BASE) rest = Math.floor(rest / 35);
  return k + Math.floor((36 * rest) / (rest + 38));
}
