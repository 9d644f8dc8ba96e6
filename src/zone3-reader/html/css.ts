import { CAPS } from '../caps.ts';

/** One declaration: name and value in lower case, escapes and comments resolved. */
export interface Declaration {
  readonly name: string;
  readonly value: string;
  readonly important: boolean;
}

export interface CssRule {
  readonly selectors: string;
  readonly declarations: readonly Declaration[];
}

/** Names that can take text out of a person's sight, or bring it back. All others are dropped while parsing. */
const RELEVANT: ReadonlySet<string> = new Set(
  (
    'display visibility opacity font font-size line-height max-height max-width height width overflow overflow-x ' +
    'overflow-y clip clip-path text-indent position left right top bottom inset transform scale translate rotate ' +
    'zoom filter color background background-color background-image -webkit-text-fill-color content-visibility ' +
    'letter-spacing margin margin-left margin-top margin-right white-space mask mask-image -webkit-mask z-index ' +
    'text-size-adjust -webkit-text-security float'
  ).split(' '),
);

/** The declarations of a `style` attribute or of a rule's block. */
export function parseDeclarations(block: string): Declaration[] {
  const source = resolveEscapes(stripComments(block.length > 20_000 ? block.slice(0, 20_000) : block)).toLowerCase();
  const out: Declaration[] = [];
  for (const piece of splitOutside(source, ';')) {
    const colon = piece.indexOf(':');
    if (colon < 0) continue;
    const name = piece.slice(0, colon).trim();
    if (!RELEVANT.has(name) && !name.startsWith('--')) continue;
    const raw = piece.slice(colon + 1).trim();
    const bang = /!\s*important$/.exec(raw);
    const value = bang === null ? raw : raw.slice(0, bang.index).trim();
    if (value !== '') out.push({ name, value, important: bang !== null });
  }
  return out;
}

/**
 * The rules of a style sheet that hold on an ordinary screen, in order. Media and support blocks are entered when a
 * desktop mail program would enter them; other at-rules are skipped. Linear in the length of the sheet.
 */
export function parseSheet(sheet: string): { rules: CssRule[]; cut: boolean } {
  const source = stripComments(sheet.slice(0, CAPS.cssCharsMax)).replace(/<!--|-->/g, ' ');
  const rules: CssRule[] = [];
  const blocks: boolean[] = [];
  let at = 0;
  while (at < source.length && rules.length < CAPS.cssRulesMax) {
    const stop = nextDelimiter(source, at);
    const head = source.slice(at, stop).trim();
    const char = source.charAt(stop);
    at = stop + 1;
    if (char === '}') blocks.pop();
    else if (char === '{') {
      const active = blocks.every((block) => block);
      if (head.startsWith('@')) {
        if (isGroup(head)) {
          blocks.push(active && groupHolds(head));
          continue;
        }
        at = skipBlock(source, at);
        continue;
      }
      const end = skipBlock(source, at);
      if (active && head !== '') {
        const declarations = parseDeclarations(source.slice(at, end - 1));
        if (declarations.length > 0) rules.push({ selectors: resolveEscapes(head), declarations });
      }
      at = end;
    }
  }
  return { rules, cut: sheet.length > CAPS.cssCharsMax || rules.length >= CAPS.cssRulesMax };
}

function isGroup(head: string): boolean {
  return /^@(?:media|supports|layer|container|document|-moz-document|scope)\b/i.test(head);
}

/** Would a desktop mail program, 1024 pixels wide and light, enter this block? */
function groupHolds(head: string): boolean {
  const text = head.toLowerCase();
  if (!text.startsWith('@media')) return !/^@supports\s+not\b/.test(text) && !text.includes('-moz-document');
  return text
    .slice(6)
    .split(',')
    .some((query) => mediaHolds(query));
}

function mediaHolds(query: string): boolean {
  if (/\bnot\b/.test(query)) return false;
  if (/\b(?:print|speech|aural|braille|tv|handheld|tty|projection|embossed)\b/.test(query)) return false;
  if (
    /prefers-color-scheme\s*:\s*dark|prefers-reduced|forced-colors\s*:\s*active|orientation\s*:\s*portrait/.test(query)
  ) {
    return false;
  }
  for (const match of query.matchAll(/(min|max)-(?:device-)?width\s*:\s*([\d.]{1,8})\s*(px|em|rem)?/g)) {
    const pixels = Number(match[2]) * (match[3] === 'em' || match[3] === 'rem' ? 16 : 1);
    if (match[1] === 'max' ? pixels < 1024 : pixels > 1024) return false;
  }
  return true;
}

/** Index of the next `{`, `}` or `;` outside quotes, or the end. */
function nextDelimiter(source: string, from: number): number {
  for (let i = from; i < source.length; i++) {
    const code = source.charCodeAt(i);
    if (code === 123 || code === 125 || code === 59) return i;
    if (code === 34 || code === 39) i = skipString(source, i);
  }
  return source.length;
}

/** Index after the `}` that closes the block whose inside starts at `from`. */
function skipBlock(source: string, from: number): number {
  let depth = 1;
  for (let i = from; i < source.length; i++) {
    const code = source.charCodeAt(i);
    if (code === 123) depth += 1;
    else if (code === 125) {
      depth -= 1;
      if (depth === 0) return i + 1;
    } else if (code === 34 || code === 39) i = skipString(source, i);
  }
  return source.length + 1;
}

/** Index of the quote that ends the string at `from`; a line end ends it too, as in a browser. */
function skipString(source: string, from: number): number {
  const quote = source.charCodeAt(from);
  for (let i = from + 1; i < source.length; i++) {
    const code = source.charCodeAt(i);
    if (code === 92) i += 1;
    else if (code === quote || code === 10) return i;
  }
  return source.length;
}

/** Cuts at `mark` outside quotes and brackets. */
export function splitOutside(source: string, mark: string): string[] {
  if (!/["'(]/.test(source)) return source.split(mark);
  const pieces: string[] = [];
  const wanted = mark.charCodeAt(0);
  let depth = 0;
  let start = 0;
  for (let i = 0; i < source.length; i++) {
    const code = source.charCodeAt(i);
    if (code === 34 || code === 39) i = skipString(source, i);
    else if (code === 40) depth += 1;
    else if (code === 41) depth = Math.max(0, depth - 1);
    else if (code === wanted && depth === 0) {
      pieces.push(source.slice(start, i));
      start = i + 1;
    }
  }
  pieces.push(source.slice(start));
  return pieces;
}

function stripComments(source: string): string {
  if (!source.includes('/*')) return source;
  const pieces: string[] = [];
  let at = 0;
  for (;;) {
    const open = source.indexOf('/*', at);
    if (open < 0) break;
    pieces.push(source.slice(at, open));
    const close = source.indexOf('*/', open + 2);
    if (close < 0) return pieces.join(' ');
    at = close + 2;
  }
  pieces.push(source.slice(at));
  // Nothing, not a blank: `display:no/**/ne` is two tokens for a browser, but the cautious reading is to join them.
  return pieces.join('');
}

function resolveEscapes(source: string): string {
  if (!source.includes('\\')) return source;
  return source.replace(
    /\\(?:([0-9a-fA-F]{1,6})\s?|([^\n]))/g,
    (_, hex: string | undefined, char: string | undefined) => {
      if (hex === undefined) return char ?? '';
      const code = Number.parseInt(hex, 16);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
    },
  );
}
