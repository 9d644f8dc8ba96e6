/** What was written with characters that draw nothing. */
export interface Invisible {
  /** Messages decoded from tag characters, variation selectors and zero-width bits. */
  readonly messages: readonly { how: string; text: string }[];
  readonly tags: number;
  readonly zeroWidth: number;
  /** Controls that turn the reading order (overrides and embeddings, not the plain marks). */
  readonly bidi: number;
  readonly selectors: number;
  readonly softHyphens: number;
  /** A base letter under a tower of marks. */
  readonly markFlood: boolean;
  readonly controls: number;
}

/** Written as a string: a pattern that names control characters on purpose. */
const CONTROLS = '\\u0000-\\u0008\\u000E-\\u001F\\u007F';
const ANY = new RegExp(
  `[${CONTROLS}\\u00AD\\u034F\\u180E\\u200B-\\u200F\\u202A-\\u202E\\u2060-\\u206F\\uFE00-\\uFE0F\\uFEFF\\u{E0000}-\\u{E01EF}]|\\p{M}{5}`,
  'u',
);
/** Where such characters and marks may stand: asked first, since it is one comparison a character. */
const MAYBE = new RegExp(
  `[${CONTROLS}\\u00AD\\u0300-\\u1FFF\\u200B-\\u200F\\u202A-\\u202E\\u2060-\\u206F\\u20D0-\\uFFFF]`,
);
const CONTROL = new RegExp(`[${CONTROLS}]`, 'g');
const NOTHING: Invisible = {
  messages: [],
  tags: 0,
  zeroWidth: 0,
  bidi: 0,
  selectors: 0,
  softHyphens: 0,
  markFlood: false,
  controls: 0,
};
/** A flag of a region: black flag, tag letters, cancel tag. */
const FLAG = /\u{1F3F4}[\u{E0020}-\u{E007E}]{2,7}\u{E007F}/gu;
const MESSAGE_MAX = 8_000;

/** Finds and decodes invisible writing. Costs one test on ordinary text. */
export function findInvisible(text: string): Invisible {
  if (!MAYBE.test(text) || !ANY.test(text)) return NOTHING;
  const source = text.replace(FLAG, '');
  const messages: { how: string; text: string }[] = [];
  const tags = decodeTags(source);
  if (tags.text.length > 0) messages.push({ how: 'tag characters', text: tags.text });
  const selectors = decodeSelectors(source);
  if (selectors.text.length >= 4) messages.push({ how: 'variation selectors', text: selectors.text });
  const bits = decodeBits(source);
  if (bits.length >= 4) messages.push({ how: 'zero-width characters', text: bits });
  return {
    messages,
    tags: tags.count,
    zeroWidth: count(source, /[\u180E\u200B\u200C\u2060-\u2064\uFEFF]/g),
    bidi: count(source, /[\u202A-\u202E\u2066-\u2069]/g),
    selectors: selectors.count,
    softHyphens: count(source, /\u00AD/g),
    markFlood: /\p{M}{5}/u.test(source),
    controls: count(source, CONTROL),
  };
}

function count(text: string, pattern: RegExp): number {
  let n = 0;
  for (const _ of text.matchAll(pattern)) n += 1;
  return n;
}

function decodeTags(text: string): { text: string; count: number } {
  let out = '';
  let found = 0;
  for (const match of text.matchAll(/[\u{E0000}-\u{E007F}]/gu)) {
    found += 1;
    const code = (match[0].codePointAt(0) ?? 0) - 0xe0000;
    if (code >= 0x20 && code < 0x7f && out.length < MESSAGE_MAX) out += String.fromCharCode(code);
  }
  return { text: out, count: found };
}

/** Two hundred and fifty-six variation selectors make a byte each; one after an emoji is ordinary. */
function decodeSelectors(text: string): { text: string; count: number } {
  const bytes: number[] = [];
  let found = 0;
  for (const match of text.matchAll(/[\uFE00-\uFE0F\u{E0100}-\u{E01EF}]{2,}/gu)) {
    for (const char of match[0]) {
      found += 1;
      const code = char.codePointAt(0) ?? 0;
      if (bytes.length < MESSAGE_MAX) bytes.push(code >= 0xe0100 ? code - 0xe0100 + 16 : code - 0xfe00);
    }
  }
  const decoded = new TextDecoder().decode(Uint8Array.from(bytes));
  return { text: isReadable(decoded) ? decoded : '', count: found };
}

/** Zero-width characters as bits, either way round, eight or sixteen to a letter. */
function decodeBits(text: string): string {
  const runs = [...text.matchAll(/[\u200B-\u200D\u2060-\u2064\uFEFF]{16,}/g)].map((match) => match[0]);
  const joined = runs.join('').slice(0, MESSAGE_MAX * 8);
  if (joined.length < 32) return '';
  const kinds = [...new Set(joined)];
  for (const zero of kinds.slice(0, 4)) {
    for (const one of kinds.slice(0, 4)) {
      if (zero === one) continue;
      const bits = Array.from(joined)
        .filter((char) => char === zero || char === one)
        .map((char) => (char === one ? '1' : '0'));
      for (const width of [8, 16]) {
        const decoded = fromBits(bits.join(''), width);
        if (isReadable(decoded)) return decoded;
      }
    }
  }
  return '';
}

function fromBits(bits: string, width: number): string {
  let out = '';
  for (let i = 0; i + width <= bits.length; i += width)
    out += String.fromCharCode(Number.parseInt(bits.slice(i, i + width), 2));
  return out;
}

function isReadable(text: string): boolean {
  if (text.length < 4) return false;
  const good = text.replace(/[^\p{L}\p{N}\p{P}\p{Zs}\n]/gu, '').length;
  return good / text.length > 0.9 && /\p{L}{2}/u.test(text);
}
