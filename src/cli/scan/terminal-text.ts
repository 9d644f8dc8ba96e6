import { EXTRACT_UNSAFE } from '../../contracts/index.ts';

/** Characters that could move the cursor, hide, or turn the direction of what stands around them. */
const UNSAFE = new RegExp(`[\\t\\n${EXTRACT_UNSAFE}]`, 'gu');
const MARK = /\p{M}/u;
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const MARKS_MAX = 2;

/** Any text as a terminal may draw it: what is not drawn, or draws over others, is written out as `\u{…}`. */
export function safeText(text: string): string {
  return limitMarks(text.replaceAll(UNSAFE, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`));
}

/** Columns that safe text takes. */
export function textWidth(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** Safe text in exactly `columns` columns: cut with `…`, or filled with spaces. */
export function fitText(text: string, columns: number): string {
  const safe = safeText(text);
  const width = textWidth(safe);
  if (width <= columns) return safe + ' '.repeat(columns - width);
  let fitted = '';
  let used = 0;
  for (const char of safe) {
    const next = charWidth(char);
    if (used + next > columns - 1) break;
    fitted += char;
    used += next;
  }
  return `${fitted}…${' '.repeat(Math.max(0, columns - used - 1))}`;
}

/** Safe text in lines of at most `columns` columns, cut between words where that fits. */
export function wrapText(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of safeText(text).split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (textWidth(joined) <= columns) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    line = textWidth(word) <= columns ? word : fitText(word, columns).trimEnd();
  }
  return line === '' ? lines : [...lines, line];
}

function charWidth(char: string): number {
  if (char <= '~') return 1;
  if (MARK.test(char)) return 0;
  return WIDE.test(char) ? 2 : 1;
}

/** A letter under a tower of marks draws over the lines around it. */
function limitMarks(text: string): string {
  let result = '';
  let marks = 0;
  for (const char of text) {
    marks = char > '~' && MARK.test(char) ? marks + 1 : 0;
    if (marks <= MARKS_MAX) result += char;
  }
  return result;
}
