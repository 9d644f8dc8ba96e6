/** Where a member of a JSON5 text stands. Offsets in UTF-16 units. */
export interface Place {
  readonly path: readonly string[];
  readonly keyStart: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly kind: 'object' | 'other';
}

/** Every member of every object of a text that JSON5 has already parsed, in order; repeated keys appear repeatedly. */
export function locateMembers(text: string): { readonly root: Place; readonly members: readonly Place[] } {
  return new Locator(text).run();
}

/** Line number (from 1) of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (const found of text.slice(0, offset).matchAll(/\r\n|[\n\r\u2028\u2029]/g)) if (found.index < offset) line += 1;
  return line;
}

const BLANK_OR_COMMENT = /(?:[\s\uFEFF]|\/\/[^\n\r\u2028\u2029]*|\/\*[\s\S]*?\*\/)*/y;
const STRING = /"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'/y;
const BARE = /[^\s,:[\]{}"'/\uFEFF]+/y;

/** INVARIANT: only runs on text that JSON5.parse took, so anything unforeseen is a defect of ours and throws. */
class Locator {
  readonly #text: string;
  readonly #members: Place[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): { root: Place; members: readonly Place[] } {
    this.#skip();
    const { valueStart, valueEnd, kind } = this.#value([]);
    return { root: { path: [], keyStart: valueStart, valueStart, valueEnd, kind }, members: this.#members };
  }

  #value(path: readonly string[]): Pick<Place, 'valueStart' | 'valueEnd' | 'kind'> {
    const valueStart = this.#at;
    const first = this.#text[this.#at];
    if (first === '{') this.#object(path);
    else if (first === '[') this.#array(path);
    else if (first === '"' || first === "'") this.#match(STRING);
    else this.#match(BARE);
    return { valueStart, valueEnd: this.#at, kind: first === '{' ? 'object' : 'other' };
  }

  #object(path: readonly string[]): void {
    this.#list('}', () => {
      const keyStart = this.#at;
      const key = this.#key();
      this.#skip();
      this.#expect(':');
      this.#skip();
      const here = [...path, key];
      // Reserved before its members, so that outer members come first.
      const slot = this.#members.push({ path: here, keyStart, valueStart: 0, valueEnd: 0, kind: 'other' }) - 1;
      this.#members[slot] = { path: here, keyStart, ...this.#value(here) };
    });
  }

  #array(path: readonly string[]): void {
    let index = 0;
    this.#list(']', () => {
      this.#value([...path, String(index)]);
      index += 1;
    });
  }

  #list(close: string, member: () => void): void {
    this.#at += 1;
    this.#skip();
    while (this.#text[this.#at] !== close) {
      member();
      this.#skip();
      if (this.#text[this.#at] === ',') {
        this.#at += 1;
        this.#skip();
      }
    }
    this.#at += 1;
  }

  #key(): string {
    const first = this.#text[this.#at];
    const raw = this.#match(first === '"' || first === "'" ? STRING : BARE);
    const inner = raw[0] === '"' || raw[0] === "'" ? raw.slice(1, -1) : raw;
    return inner.replace(
      /\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})|\\([\s\S])/g,
      (_, u?: string, x?: string, other?: string) =>
        u === undefined && x === undefined ? (other ?? '') : String.fromCharCode(Number.parseInt(u ?? x ?? '', 16)),
    );
  }

  #skip(): void {
    BLANK_OR_COMMENT.lastIndex = this.#at;
    this.#at += BLANK_OR_COMMENT.exec(this.#text)?.[0].length ?? 0;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) throw new Error(`no JSON5 value at offset ${this.#at}`);
    this.#at += found.length;
    return found;
  }

  #expect(character: string): void {
    if (this.#text[this.#at] !== character) throw new Error(`no \`${character}\` at offset ${this.#at}`);
    this.#at += 1;
  }
}
