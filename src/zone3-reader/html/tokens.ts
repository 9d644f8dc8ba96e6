import type { DefaultTreeAdapterMap, TreeAdapter } from 'parse5';
import { InsertionMode, Parser, Token, TokenizerMode } from 'parse5';
import { resolveReferences } from './references.ts';
import { isBlank, TagScanner } from './tag.ts';

const NOT_BLANK = /[^ \t\n\f]/g;
const RUNS = /[ \t\n\f]+|[^ \t\n\f]+/g;
const RAW_END = /<\/(?:style|title|textarea|xmp|iframe|noembed|noframes)[ \t\n\f/>]/gi;
/** After so many detours a page is too odd for the short way to pay. */
const DETOURS_MAX = 200;
/** Where words and the blanks between them are treated alike. */
const MERGING: ReadonlySet<InsertionMode> = new Set([
  InsertionMode.IN_BODY,
  InsertionMode.IN_CELL,
  InsertionMode.IN_CAPTION,
  InsertionMode.TEXT,
]);

/**
 * Feeds the tree builder of `parse5` with the tokens of a page: everyday tags, comments and texts in a short way at
 * less than half the cost, everything else through `parse5`'s own tokenizer. INVARIANT: the tree is the one that `parse`
 * builds from the same text; a property test compares them.
 */
export function buildTree(source: string, treeAdapter: TreeAdapter<DefaultTreeAdapterMap>): void {
  const html = source.includes('\r') ? source.replace(/\r\n?/g, '\n') : source;
  new Feeder(html, treeAdapter).run();
}

class Feeder {
  readonly #html: string;
  readonly #parser: Parser<DefaultTreeAdapterMap>;
  readonly #tags = new TagScanner();
  #at = 0;
  #detours = 0;

  constructor(html: string, treeAdapter: TreeAdapter<DefaultTreeAdapterMap>) {
    this.#html = html;
    this.#parser = new Parser({ treeAdapter, scriptingEnabled: false });
  }

  run(): void {
    const html = this.#html;
    const { tokenizer } = this.#parser;
    while (this.#at < html.length && this.#detours < DETOURS_MAX) {
      if (!this.#isBetween()) this.#rawText();
      else if (html.charCodeAt(this.#at) === 60) this.#markup();
      else this.#text();
    }
    tokenizer.write(html.slice(this.#at), true);
  }

  #text(): void {
    const html = this.#html;
    const open = html.indexOf('<', this.#at);
    const end = open < 0 ? html.length : open;
    const text = plainText(html.slice(this.#at, end));
    // Half a pair waits for what follows it.
    if (text === null)
      this.#detour((html.charCodeAt(end - 1) & 0xfc00) === 0xd800 ? Math.min(html.length, end + 1) : end);
    else {
      this.#at = end;
      this.#emitText(text);
    }
  }

  /** Blanks in front are a token of their own, since a `<pre>` drops its first line end. */
  #emitText(text: string): void {
    NOT_BLANK.lastIndex = 0;
    const first = NOT_BLANK.exec(text)?.index ?? text.length;
    const parser = this.#parser;
    if (first > 0) this.#emitBlank(first === text.length ? text : text.slice(0, first));
    if (first === text.length) return;
    const rest = first === 0 ? text : text.slice(first);
    if (MERGING.has(parser.insertionMode) && !parser.tokenizer.inForeignNode) {
      this.#emitWords(rest);
      return;
    }
    for (const [run] of rest.matchAll(RUNS)) {
      if (isBlank(run.charCodeAt(0))) this.#emitBlank(run);
      else this.#emitWords(run);
    }
  }

  #emitBlank(chars: string): void {
    this.#parser.onWhitespaceCharacter({ type: Token.TokenType.WHITESPACE_CHARACTER, chars, location: null });
  }

  #emitWords(chars: string): void {
    this.#parser.onCharacter({ type: Token.TokenType.CHARACTER, chars, location: null });
  }

  /** The inside of a style sheet or a title: text up to its end tag, which is read next. */
  #rawText(): void {
    const { tokenizer } = this.#parser;
    RAW_END.lastIndex = this.#at;
    const end = RAW_END.exec(this.#html);
    const inside = end === null ? '\0' : this.#html.slice(this.#at, end.index);
    const isRaw = tokenizer.state === TokenizerMode.RAWTEXT;
    const text = isRaw && !inside.includes('\0') ? inside : isRaw ? null : plainText(inside);
    const readable = isRaw || tokenizer.state === TokenizerMode.RCDATA;
    if (end === null || text === null || !readable || !isEndOf(end[0], tokenizer.lastStartTagName)) {
      this.#detour(this.#at + 1);
      return;
    }
    this.#at = end.index;
    this.#emitText(text);
    tokenizer.state = TokenizerMode.DATA;
  }

  #markup(): void {
    const html = this.#html;
    if (html.startsWith('<!--', this.#at)) {
      this.#comment();
      return;
    }
    const tag = this.#tags.scan(html, this.#at);
    if (tag === null) {
      this.#detour(html.indexOf('>', this.#at) + 1 || html.length);
      return;
    }
    this.#at = tag.end;
    const { tagName, tagID, selfClosing } = tag;
    // The tree builder adds to the list of an empty tag at times (`<html>` twice), and tags are shared.
    const attrs = tag.attrs.length === 0 ? [] : tag.attrs;
    const parser = this.#parser;
    if (tag.closing) {
      const type = Token.TokenType.END_TAG;
      parser.onEndTag({ type, tagName, tagID, selfClosing, ackSelfClosing: false, attrs, location: null });
      return;
    }
    parser.tokenizer.lastStartTagName = tagName;
    const type = Token.TokenType.START_TAG;
    parser.onStartTag({ type, tagName, tagID, selfClosing, ackSelfClosing: false, attrs, location: null });
  }

  #comment(): void {
    const html = this.#html;
    const from = this.#at + 4;
    const end = html.indexOf('-->', from);
    const data = end < 0 ? '\0' : html.slice(from, end);
    if (data.startsWith('>') || data.startsWith('->') || data.includes('--!>') || data.includes('\0')) {
      this.#detour(html.indexOf('>', this.#at) + 1 || html.length);
      return;
    }
    this.#at = end + 3;
    this.#parser.onComment({ type: Token.TokenType.COMMENT, data, location: null });
  }

  /** Gives the text up to `end` to the tokenizer of `parse5`, and more until it stands between two tokens again. */
  #detour(end: number): void {
    const { tokenizer } = this.#parser;
    this.#detours += 1;
    tokenizer.write(this.#html.slice(this.#at, end), false);
    this.#at = end;
    while (this.#at < this.#html.length && !this.#isBetween() && this.#detours < DETOURS_MAX) {
      this.#detours += 1;
      const close = this.#html.indexOf('>', this.#at);
      const next = close < 0 ? this.#html.length : close + 1;
      tokenizer.write(this.#html.slice(this.#at, next), false);
      this.#at = next;
    }
    if (this.#isBetween()) tokenizer.flushCharacters();
  }

  #isBetween(): boolean {
    return this.#parser.tokenizer.state === TokenizerMode.DATA;
  }
}

/** Text with its references resolved, or null when that is the parser's affair. */
function plainText(text: string): string | null {
  if (text.includes('\0')) return null;
  return text.includes('&') ? resolveReferences(text, false) : text;
}

function isEndOf(written: string, tagName: string): boolean {
  return written.slice(2, -1).toLowerCase() === tagName;
}
