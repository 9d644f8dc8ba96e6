import type { Element } from './selectors.ts';
import { attribute } from './selectors.ts';
import type { TextBuilder } from './text-builder.ts';

export interface ListState {
  readonly ordered: boolean;
  next: number;
  readonly depth: number;
}

/** Line ends around a block: two make an empty line. */
const BREAKS: ReadonlyMap<string, number> = new Map([
  ...'p h1 h2 h3 h4 h5 h6 blockquote ul ol menu dl pre table figure hr listing'
    .split(' ')
    .map((tag) => [tag, 2] as const),
  ...(
    'div section article header footer aside main nav address center fieldset form tr caption thead tbody tfoot dt dd ' +
    'li details summary figcaption legend option optgroup title body html hgroup search'
  )
    .split(' ')
    .map((tag) => [tag, 1] as const),
]);

/** Lays out the start of an element; false when it has no inside to walk. */
export function enterBlock(element: Element, out: TextBuilder, list: ListState | null): boolean {
  const tag = element.tagName;
  const breaks = BREAKS.get(tag);
  if (breaks !== undefined) out.breakLine((tag === 'ul' || tag === 'ol') && list !== null ? 1 : breaks);
  switch (tag) {
    case 'br':
      out.newLine();
      return false;
    case 'hr':
      out.text('----');
      out.breakLine(2);
      return false;
    case 'blockquote':
      out.quote(1);
      return true;
    case 'td':
    case 'th':
      out.cell();
      return true;
    case 'li':
      out.marker(bullet(list));
      return true;
    case 'q':
      out.text('"');
      return true;
    case 'input':
      // Buttons show their value.
      if (/^(?:button|submit|reset)$/i.test(attribute(element, 'type') ?? ''))
        out.text(attribute(element, 'value') ?? '');
      return false;
    default:
      return true;
  }
}

/** Lays out the end of an element. */
export function leaveBlock(element: Element, out: TextBuilder): void {
  const tag = element.tagName;
  const breaks = BREAKS.get(tag);
  if (breaks !== undefined) out.breakLine(breaks === 2 && tag !== 'table' ? 2 : 1);
  if (tag === 'blockquote') out.quote(-1);
  else if (tag === 'q') out.text('"');
  else if (tag === 'li') out.marker('');
}

function bullet(list: ListState | null): string {
  if (list === null) return '- ';
  const indent = '  '.repeat(Math.min(8, list.depth - 1));
  if (!list.ordered) return `${indent}- `;
  const text = `${indent}${list.next}. `;
  list.next += 1;
  return text;
}
