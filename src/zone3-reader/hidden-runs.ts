import { CAPS } from './caps.ts';

/** How text was kept from a person's eyes. `conditional`, `attribute` and `title` are everyday and quiet by themselves. */
export type HiddenKind =
  | 'text'
  | 'comment'
  | 'conditional'
  | 'attribute'
  | 'title'
  | 'mime'
  | 'plain'
  | 'invisible'
  | 'alternative'
  | 'header'
  /** Chats: under a spoiler, in a form for programs that cannot draw, in what a button sends, in odd members. */
  | 'spoiler'
  | 'fallback'
  | 'callback'
  | 'member';

export interface HiddenRun {
  readonly kind: HiddenKind;
  readonly how: string;
  text: string;
  /** Characters of visible text that stood before it. */
  readonly at: number;
}

const RUNS_MAX = 400;
const RUN_CHARS_MAX = 8_000;
const INK = /[\p{L}\p{N}]/u;

/** Collects what was taken out, joined where it stands together. */
export class HiddenRuns {
  readonly runs: HiddenRun[] = [];
  #chars = 0;
  /** Characters of hidden text in elements, comments and headers, also beyond what is kept. */
  removed = 0;

  addText(how: string, text: string, at: number, tag = ''): void {
    const title = tag === 'title' || tag === 'head';
    if (!title) this.removed += inkLength(text);
    const last = this.runs.at(-1);
    const kind: HiddenKind = title ? 'title' : 'text';
    if (last !== undefined && last.kind === kind && last.how === how && last.at === at) {
      if (last.text.length < RUN_CHARS_MAX && this.#take(text.length)) last.text += ` ${text}`;
      return;
    }
    this.add(kind, how, text, at);
  }

  addComment(data: string, at: number): void {
    const conditional = /^\s*\[\s*if\b/i.test(data.slice(0, 200)) || /^\s*<!\[/.test(data.slice(0, 50));
    const text = stripTags(data.slice(0, RUN_CHARS_MAX * 2));
    if (!conditional) this.removed += inkLength(text);
    this.add(conditional ? 'conditional' : 'comment', 'comment', text, at);
  }

  addAttribute(name: string, value: string, at: number): void {
    // Short captions ("Logo", "Follow us") cannot give an order; they would only cost time.
    if (value.length >= 16) this.add('attribute', `attribute ${name}`, value, at);
  }

  add(kind: HiddenKind, how: string, text: string, at: number): void {
    if (this.runs.length >= RUNS_MAX || !INK.test(text)) return;
    const kept = text.length > RUN_CHARS_MAX ? text.slice(0, RUN_CHARS_MAX) : text;
    if (this.#take(kept.length)) this.runs.push({ kind, how, text: kept, at });
  }

  #take(chars: number): boolean {
    if (this.#chars >= CAPS.hiddenCharsMax) return false;
    this.#chars += chars;
    return true;
  }
}

/** Text outside `<…>`, in one pass. */
export function stripTags(source: string): string {
  if (!source.includes('<')) return source;
  const pieces: string[] = [];
  let at = 0;
  for (;;) {
    const open = source.indexOf('<', at);
    if (open < 0) break;
    pieces.push(source.slice(at, open));
    const close = source.indexOf('>', open);
    if (close < 0) return pieces.join(' ');
    at = close + 1;
  }
  pieces.push(source.slice(at));
  return pieces.join(' ');
}

function inkLength(text: string): number {
  return INK.test(text) ? text.trim().length : 0;
}
