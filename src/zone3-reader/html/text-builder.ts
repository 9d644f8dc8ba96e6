/** A single blank stays as it is, so that most texts are not copied. */
const SPACES = /[ \t\n\r\f]{2,}|[\t\n\r\f]/g;

/** Joins pieces of visible text into lines the way a page is laid out: white space collapsed, blocks on lines. */
export class TextBuilder {
  readonly #parts: string[] = [];
  #length = 0;
  #newlines = 0;
  #gap = '';
  #lineStart = true;
  #marker = '';
  #quotes = 0;
  #lineQuotes = 0;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get length(): number {
    return this.#length;
  }

  get full(): boolean {
    return this.#length >= this.#max;
  }

  /** A place to ask `textSince` about. */
  mark(): number {
    return this.#parts.length;
  }

  /** The text written since `mark`, at most about `max` characters of it. */
  textSince(mark: number, max: number): string {
    let text = '';
    for (let i = mark; i < this.#parts.length && text.length < max; i++) text += this.#parts[i] ?? '';
    const trimmed = text.trim();
    return trimmed.startsWith('| ') ? trimmed.slice(2) : trimmed;
  }

  text(value: string): void {
    const collapsed = value.replace(SPACES, ' ');
    if (collapsed === '') return;
    if (collapsed === ' ') {
      this.#space();
      return;
    }
    const startsWithSpace = collapsed.startsWith(' ');
    const endsWithSpace = collapsed.endsWith(' ');
    if (startsWithSpace) this.#space();
    this.#write(collapsed.slice(startsWithSpace ? 1 : 0, endsWithSpace ? -1 : undefined));
    if (endsWithSpace) this.#space();
  }

  /** Text whose white space counts (`<pre>`). */
  preformatted(value: string): void {
    const lines = value.split('\n');
    for (const [i, line] of lines.entries()) {
      if (i > 0) this.breakLine(this.#lineStart ? this.#newlines + 1 : 1);
      if (line !== '') this.#write(line.trimEnd());
    }
  }

  /** At least `count` line ends before the next text; two make an empty line, and there are never more. */
  breakLine(count: number): void {
    this.#newlines = Math.min(2, Math.max(this.#newlines, count));
    this.#gap = '';
  }

  /** One more line end (`<br>`). */
  newLine(): void {
    this.breakLine(this.#newlines + 1);
  }

  /** A new cell of a row. */
  cell(): void {
    if (!this.#lineStart && this.#newlines === 0) this.#gap = ' | ';
  }

  /** Put before the next text of this line: a bullet or a number. */
  marker(text: string): void {
    this.#marker = text;
  }

  quote(step: 1 | -1): void {
    this.#quotes = Math.max(0, this.#quotes + step);
  }

  toString(): string {
    return this.#parts.join('');
  }

  #space(): void {
    if (!this.#lineStart && this.#newlines === 0 && this.#gap === '') this.#gap = ' ';
  }

  #write(text: string): void {
    if (text === '' || this.full) return;
    if (this.#newlines > 0 && this.#length > 0) {
      const prefix = '> '.repeat(Math.min(8, this.#quotes));
      const between = '> '.repeat(Math.min(8, this.#quotes, this.#lineQuotes)).trimEnd();
      this.#push(this.#newlines === 1 ? `\n${prefix}` : `\n${between}\n${prefix}`);
    } else if (this.#length === 0) this.#push('> '.repeat(Math.min(8, this.#quotes)));
    else if (this.#gap !== '') this.#push(this.#gap);
    if (this.#marker !== '') this.#push(this.#marker);
    this.#newlines = 0;
    this.#lineQuotes = this.#quotes;
    this.#gap = '';
    this.#marker = '';
    this.#lineStart = false;
    this.#push(text);
  }

  #push(text: string): void {
    if (text === '') return;
    this.#parts.push(text);
    this.#length += text.length;
  }
}
