import { styleText } from 'node:util';
import { columnsOf } from '../control/index.ts';

/** Where commands write and what they know about the place. Lines come without their line feed. */
export interface Io {
  /** What was asked for: standard output. */
  readonly write: (line: string) => void;
  readonly out: (line: string) => void;
  /** What went wrong, and what is only for a person: standard error. */
  readonly error: (line: string) => void;
  readonly err: (line: string) => void;
  /** Replaces one line of a terminal; does nothing elsewhere. Empty text clears it. */
  readonly progress: (text: string) => void;
  readonly isTerminal: boolean;
  /** Columns of the terminal; 100 where there is none. */
  readonly columns: number;
  readonly colour: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface IoOptions {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** False with `--no-color`. */
  readonly colour: boolean;
}

/** Colour only on a terminal, never with `NO_COLOR` (any value) or `TERM=dumb`. */
export function makeIo({ stdout, stderr, env, colour }: IoOptions): Io {
  const isTerminal = stdout.isTTY;
  const coloured = isTerminal && colour && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  let progressShown = false;
  const clear = (): void => {
    if (progressShown) stderr.write('\r\u001b[K');
    progressShown = false;
  };
  const write = (line: string): void => {
    clear();
    stdout.write(`${disarm(line, coloured)}\n`);
  };
  const error = (line: string): void => {
    clear();
    stderr.write(`${disarm(line, coloured)}\n`);
  };
  return {
    write,
    out: write,
    error,
    err: error,
    progress: (text) => {
      if (!stderr.isTTY) return;
      clear();
      if (text === '') return;
      stderr.write(text.slice(0, Math.max(20, (stderr.columns || 80) - 1)));
      progressShown = true;
    },
    isTerminal,
    columns: isTerminal ? Math.min(Math.max(stdout.columns || 80, 40), 140) : 100,
    colour: coloured,
    env,
  };
}

/**
 * The last wall: what reaches a terminal through us cannot drive it, whoever wrote the line. Our own colours pass; every
 * other control, format and separator leaves as `\uXXXX`, which in JSON still means the same character.
 */
function disarm(line: string, coloured: boolean): string {
  return line.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (found, at: number) => {
    if (found === '\n' || found === '\t') return found;
    if (coloured && found === '\u001b' && /^\[[\d;]{1,8}m/.test(line.slice(at + 1, at + 12))) return found;
    return Array.from(
      { length: found.length },
      (_, i) => `\\u${found.charCodeAt(i).toString(16).padStart(4, '0')}`,
    ).join('');
  });
}

export type Paint = 'bold' | 'dim' | 'red' | 'yellow' | 'green';

/** Our own words in a colour. Foreign text never goes through here. */
export function paint(io: Pick<Io, 'colour'>, style: Paint, text: string): string {
  return io.colour ? styleText(style, text, { validateStream: false }) : text;
}

/** Rows in columns, two blanks apart; a first row in bold. Cells must be safe text of one line. */
export function renderTable(
  io: Pick<Io, 'colour'>,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => columnsOf(row[i] ?? ''))));
  const pad = (cell: string, i: number): string => cell + ' '.repeat(Math.max(0, (widths[i] ?? 0) - columnsOf(cell)));
  const line = (row: readonly string[]): string => row.map(pad).join('  ').trimEnd();
  return [paint(io, 'bold', line(head)), ...rows.map(line)];
}

/** `text` cut to so many columns, with a mark where something is left out. */
export function cutText(text: string, room: number): string {
  if (columnsOf(text) <= room) return text;
  let kept = '';
  for (const character of text) {
    if (columnsOf(kept) + columnsOf(character) > room - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** A span of time in the largest unit that is not zero: `12 s`, `4 min`, `3 h`, `2 d`. */
export function sayDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
