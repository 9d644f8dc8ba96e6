import type { Token } from 'parse5';
import { html as names } from 'parse5';
import { resolveReferences } from './references.ts';

/** A tag that every tokenizer reads alike. */
export interface Tag {
  readonly tagName: string;
  readonly tagID: Token.TagToken['tagID'];
  readonly closing: boolean;
  readonly selfClosing: boolean;
  readonly attrs: Token.Attribute[];
  /** Index after its `>`. */
  readonly end: number;
}

const ATTRIBUTES_MAX = 40;
const NAME = /[a-zA-Z][a-zA-Z0-9:-]*/y;
const END_TAG = /[ \t\n\f]*>/y;
/** Blanks, a name, and what follows it up to the value. */
const ATTRIBUTE = /[ \t\n\f]*([a-zA-Z_:@.][\w:@.-]*)([ \t\n\f]*=[ \t\n\f]*)?/y;
const BARE_VALUE = /[^\s"'<>=`&\0]+(?=[ \t\n\f>])/y;
const UPPER = /[A-Z]/;
const GAP = /[ \t\n\f]*/y;

const TAGS_MAX = 2_000;
const TAG_CHARS_MAX = 400;
/** Tags whose addresses differ each time, and tags whose attributes the tree builder changes. */
const UNSHARED: ReadonlySet<string> = new Set(['a', 'img', 'html', 'body']);

/**
 * Reads tags and keeps them: the cells of a page are written alike. Equal tags share their
 * attributes, which nobody changes; inside SVG and MathML the tree builder would, so that from there on all is read anew.
 */
export class TagScanner {
  readonly #known = new Map<string, Tag>();
  #shares = true;

  /** The tag at `at` (its `<`), or null when it is anything but plain. */
  scan(html: string, at: number): Tag | null {
    const end = this.#shares ? html.indexOf('>', at) + 1 : 0;
    if (end === 0 || end - at > TAG_CHARS_MAX) return this.#scanAnew(html, at);
    const source = html.slice(at, end);
    const known = this.#known.get(source);
    if (known !== undefined) return known.end === end ? known : { ...known, end };
    const tag = this.#scanAnew(html, at);
    if (tag === null || tag.end !== end || (tag.attrs.length > 0 && UNSHARED.has(tag.tagName))) return tag;
    if (this.#shares && this.#known.size < TAGS_MAX) this.#known.set(source, tag);
    return tag;
  }

  #scanAnew(html: string, at: number): Tag | null {
    const tag = scanTag(html, at);
    if (tag?.tagName === 'svg' || tag?.tagName === 'math') this.#shares = false;
    return tag;
  }
}

/** Reads the tag at `at` (its `<`), or answers null when it is anything but plain. Linear. */
function scanTag(html: string, at: number): Tag | null {
  const closing = html.charCodeAt(at + 1) === 47;
  NAME.lastIndex = closing ? at + 2 : at + 1;
  const name = NAME.exec(html)?.[0];
  if (name === undefined) return null;
  const tagName = UPPER.test(name) ? name.toLowerCase() : name;
  const tagID = names.getTagID(tagName);
  const after = NAME.lastIndex;
  if (closing) {
    END_TAG.lastIndex = after;
    return END_TAG.test(html)
      ? { tagName, tagID, closing, selfClosing: false, attrs: [], end: END_TAG.lastIndex }
      : null;
  }
  const code = html.charCodeAt(after);
  if (code === 62) return { tagName, tagID, closing, selfClosing: false, attrs: [], end: after + 1 };
  return isBlank(code) || code === 47 ? scanAttributes(html, after, { tagName, tagID, closing }) : null;
}

function scanAttributes(html: string, from: number, head: Pick<Tag, 'tagName' | 'tagID' | 'closing'>): Tag | null {
  const attrs: Token.Attribute[] = [];
  let at = from;
  for (;;) {
    GAP.lastIndex = at;
    GAP.test(html);
    at = GAP.lastIndex;
    const code = html.charCodeAt(at);
    if (code === 62) return { ...head, selfClosing: false, attrs, end: at + 1 };
    if (code === 47) {
      if (html.charCodeAt(at + 1) !== 62) return null;
      return { ...head, selfClosing: true, attrs, end: at + 2 };
    }
    ATTRIBUTE.lastIndex = at;
    const match = ATTRIBUTE.exec(html);
    if (match === null || attrs.length >= ATTRIBUTES_MAX) return null;
    const written = match[1] ?? '';
    const name = UPPER.test(written) ? written.toLowerCase() : written;
    at = ATTRIBUTE.lastIndex;
    let value = '';
    if (match[2] !== undefined) {
      const end = valueEnd(html, at);
      if (end < 0) return null;
      const quoted = html.charCodeAt(at) === 34 || html.charCodeAt(at) === 39;
      const found = readValue(quoted ? html.slice(at + 1, end - 1) : html.slice(at, end));
      if (found === null) return null;
      value = found;
      at = end;
    } else if (!isEnd(html.charCodeAt(at))) return null;
    if (!attrs.some((attr) => attr.name === name)) attrs.push({ name, value });
  }
}

/** Index after the value that starts at `at`, or -1. */
function valueEnd(html: string, at: number): number {
  const quote = html.charCodeAt(at);
  if (quote === 34 || quote === 39) {
    const close = html.indexOf(quote === 34 ? '"' : "'", at + 1);
    return close < 0 || !isEnd(html.charCodeAt(close + 1)) ? -1 : close + 1;
  }
  BARE_VALUE.lastIndex = at;
  return BARE_VALUE.test(html) ? BARE_VALUE.lastIndex : -1;
}

function readValue(value: string): string | null {
  if (value.includes('\0')) return null;
  return value.includes('&') ? resolveReferences(value, true) : value;
}

export function isBlank(code: number): boolean {
  return code === 32 || code === 10 || code === 9 || code === 12;
}

function isEnd(code: number): boolean {
  return isBlank(code) || code === 62 || code === 47;
}
