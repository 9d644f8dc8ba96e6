import { suspectLetters } from './lookalikes.ts';
import type { Segment } from './rendered.ts';

/** Marks that only the renderer may draw. Where they stand in data they are escaped. */
export const MARKS = { gutter: '│', goesOn: '┆', cut: '┇', open: '⟦', close: '⟧', blank: '␠' } as const;

const RESERVED = new Set<string>([...Object.values(MARKS), '\\']);

/**
 * Never drawn as they are: controls, formats (bidi, zero width, tags), surrogates, private use, unassigned, every blank
 * but the space, line and paragraph separators, and what is ignored or drawn empty by default.
 */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Zs}\p{Default_Ignorable_Code_Point}\u2800\uFDF0-\uFDFD\uFFFC]/u;
const MARK = /\p{M}/u;
const MARKS_IN_A_ROW_MAX = 2;

/**
 * One line of foreign text, drawn as what it is. One to one: two different texts never come out alike, and no text comes
 * out as something of ours. Blanks at the end become visible, what cannot be seen and what poses as another letter
 * becomes `\u{…}`, a backslash is doubled. `text` must not hold a line feed that means a new line.
 */
export function escapeLine(text: string): readonly Segment[] {
  const segments: Segment[] = [];
  const suspects = suspectLetters(text);
  const end = text.replace(/ +$/u, '').length;
  let marks = MARKS_IN_A_ROW_MAX;
  let at = 0;
  for (const character of text) {
    const combines = MARK.test(character);
    const stacked = combines && marks >= MARKS_IN_A_ROW_MAX;
    if (character === ' ') add(segments, at >= end ? 'escape' : 'plain', at >= end ? MARKS.blank : ' ');
    else if (mustEscape(character) || stacked || suspects.has(at)) add(segments, 'escape', escapeCharacter(character));
    else add(segments, 'plain', character);
    // A mark may sit on a letter that is drawn, never on a blank, an escape or the gutter.
    marks = combines ? marks + 1 : segments.at(-1)?.style === 'escape' || character === ' ' ? MARKS_IN_A_ROW_MAX : 0;
    at += character.length;
  }
  return segments;
}

/** Foreign text of many lines, each escaped. The last line is empty when the text ends with a line feed. */
export function escapeLines(text: string): readonly (readonly Segment[])[] {
  return text.split('\n').map(escapeLine);
}

/** Foreign text as one plain string on one line, safe to print anywhere. Line feeds become `\n`. */
export function safeText(text: string): string {
  return escapeLine(text)
    .map((segment) => segment.text)
    .join('');
}

/** A name that should be one of ours (an action, a zone, an id): anything else in it is escaped. */
export function safeName(text: string): string {
  return Array.from(text, (character) => (/^[\w.:@-]$/.test(character) ? character : escapeCharacter(character))).join(
    '',
  );
}

/** Runs of one style; each escape stays a segment of its own, so that it is never torn when lines are wrapped. */
function add(segments: Segment[], style: Segment['style'], text: string): void {
  const last = segments.at(-1);
  if (last !== undefined && last.style === style && style === 'plain')
    segments[segments.length - 1] = { style, text: last.text + text };
  else segments.push({ style, text });
}

function mustEscape(character: string): boolean {
  return (UNSEEN.test(character) && character !== ' ') || RESERVED.has(character);
}

function escapeCharacter(character: string): string {
  switch (character) {
    case '\\':
      return '\\\\';
    case '\t':
      return '\\t';
    case '\n':
      return '\\n';
    case '\r':
      return '\\r';
    default:
      return `\\u{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`;
  }
}
