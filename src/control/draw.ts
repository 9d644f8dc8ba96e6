import { MARKS } from './escape.ts';
import type { Rendered, RenderedLine, Segment, SegmentStyle } from './rendered.ts';

export interface DrawOptions {
  readonly colour: boolean;
  /** Columns of the terminal; at least 40 are used. */
  readonly width: number;
}

const TAG_COLUMNS = 9;
const RESET = '\u001b[0m';
const COLOURS: Readonly<Record<SegmentStyle, string>> = {
  plain: '',
  label: '\u001b[1m',
  influence: '\u001b[33m',
  warn: '\u001b[33;1m',
  danger: '\u001b[31;1m',
  fence: '\u001b[2m',
  escape: '\u001b[35;7m',
};

/** Lines for a terminal, wrapped by us: a terminal that wraps would put foreign text where only ours may stand. */
export function toTerminal(rendered: Pick<Rendered, 'lines'>, options: DrawOptions): string {
  const width = Math.max(40, options.width);
  return rendered.lines
    .flatMap((line) => wrap(line, width))
    .map((row) => `${paint(row, options.colour)}\n`)
    .join('');
}

/** The same without colour: every mark is a character of its own. */
export function toPlain(rendered: Pick<Rendered, 'lines'>, width = 100): string {
  return toTerminal(rendered, { colour: false, width });
}

/** For programs: the lines as they are, not wrapped. */
export function toJson(rendered: Rendered): Rendered {
  return structuredClone(rendered);
}

interface Cell extends Segment {
  readonly columns: number;
}

function wrap(line: RenderedLine, width: number): Segment[][] {
  const room = line.kind === 'data' ? width - TAG_COLUMNS - 2 : width;
  const rows = breakRows(toCells(line.segments), room);
  return rows.map(({ cells, start }, i): Segment[] => {
    if (line.kind === 'frame') return i === 0 ? cells : [{ text: '    ', style: 'plain' }, ...cells];
    const mark = start === 'line' ? MARKS.gutter : start === 'blank' ? MARKS.goesOn : MARKS.cut;
    const tag = line.tag
      .replace(/[^\w -]/g, '?')
      .slice(0, TAG_COLUMNS)
      .padStart(TAG_COLUMNS);
    return [{ text: `${tag}${mark}`, style: 'fence' }, { text: ' ', style: 'plain' }, ...cells];
  });
}

interface Row {
  readonly cells: Cell[];
  /** What this row follows: a line's beginning, a blank, or the middle of a word. */
  readonly start: 'line' | 'blank' | 'cut';
}

/** Rows of at most `room` columns, broken after blanks where there is one, else anywhere. Nothing is left out. */
function breakRows(cells: readonly Cell[], room: number): Row[] {
  const rows: Row[] = [];
  let start: Row['start'] = 'line';
  let at = 0;
  for (;;) {
    const fits = countFitting(cells, at, room);
    if (at + fits >= cells.length) break;
    const row = cells.slice(at, at + fits);
    const blank = row.findLastIndex((cell) => cell.text === ' ');
    const length = blank >= Math.floor(fits / 2) ? blank + 1 : fits;
    rows.push({ cells: showRowEnd(row.slice(0, length)), start });
    start = row[length - 1]?.text === ' ' ? 'blank' : 'cut';
    at += length;
  }
  rows.push({ cells: cells.slice(at), start });
  return rows;
}

/** How many cells from `at` on fit; at least one, since a cell is never wider than the narrowest row. */
function countFitting(cells: readonly Cell[], at: number, room: number): number {
  let used = 0;
  let count = 0;
  for (let cell = cells[at]; cell !== undefined; cell = cells[at + count]) {
    used += cell.columns;
    if (used > room) break;
    count += 1;
  }
  return Math.max(1, count);
}

/** More than one blank at the end of a row would not be seen. */
function showRowEnd(cells: readonly Cell[]): Cell[] {
  const last = cells.findLastIndex((cell) => cell.text !== ' ');
  if (cells.length - 1 - last < 2) return [...cells];
  return cells.map((cell, i) => (i > last ? { ...cell, text: MARKS.blank, style: 'escape' } : cell));
}

function toCells(segments: readonly Segment[]): Cell[] {
  return segments.flatMap((segment) => {
    if (segment.style === 'escape') return [{ ...segment, columns: columnsOf(segment.text) }];
    return Array.from(segment.text, (text) => ({ text, style: segment.style, columns: columnsOf(text) }));
  });
}

/** Columns a text takes at most. Terminals differ: whatever may be wide counts as wide, so that no row is ever too long. */
export function columnsOf(text: string): number {
  let sum = 0;
  for (const character of text) sum += isNarrow(character) ? 1 : 2;
  return sum;
}

/** Latin, Greek, Cyrillic and their neighbours, common punctuation, and our own marks. */
function isNarrow(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x1100 || (code >= 0x2010 && code <= 0x205e) || Object.values<string>(MARKS).includes(character);
}

function paint(row: readonly Segment[], colour: boolean): string {
  if (!colour) return row.map((segment) => segment.text).join('');
  const runs: { text: string; style: SegmentStyle }[] = [];
  for (const { text, style } of row) {
    const last = runs.at(-1);
    if (last !== undefined && last.style === style) last.text += text;
    else runs.push({ text, style });
  }
  return runs.map(({ text, style }) => (COLOURS[style] === '' ? text : `${COLOURS[style]}${text}${RESET}`)).join('');
}
