/** Plain text parts: flowed lines joined, text that was pushed out of sight taken out. */

const BLANK_LINES_HIDE = 40;
const BLANKS_HIDE = 160;
const WIDE_GAP = ' '.repeat(BLANKS_HIDE);

export interface PlainText {
  readonly text: string;
  /** What stood so far below or so far right that nobody scrolls there. */
  readonly hidden: readonly { how: string; text: string }[];
}

/** Format=flowed (RFC 3676): a line that ends in a blank goes on in the next of the same quote depth. */
export function unflow(text: string, deleteSpace: boolean): string {
  const out: string[] = [];
  let open: string[] | null = null;
  let openQuote = '';
  for (const line of text.split('\n')) {
    const quote = /^>*/.exec(line.slice(0, 200))?.[0] ?? '';
    const unstuffed = line.slice(quote.length).replace(/^ /, '');
    const flows = unstuffed.endsWith(' ') && unstuffed !== '-- ';
    const content = flows && deleteSpace ? unstuffed.slice(0, -1) : unstuffed;
    if (open !== null && openQuote === quote && unstuffed !== '-- ') open.push(content);
    else {
      if (open !== null) out.push(open.join(''));
      open = [quote === '' ? content : `${quote} ${content}`];
      openQuote = quote;
    }
    if (!flows) {
      out.push(open.join(''));
      open = null;
    }
  }
  if (open !== null) out.push(open.join(''));
  return out.join('\n');
}

/** Takes out text below a screenful of empty lines and text far right of a long run of blanks. */
export function uncoverPlain(source: string): PlainText {
  const hidden: { how: string; text: string }[] = [];
  const kept: string[] = [];
  let blank = 0;
  const lines = source.split('\n');
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') {
      blank += 1;
      if (blank <= 2) kept.push('');
      continue;
    }
    if (blank >= BLANK_LINES_HIDE && kept.some((known) => known !== '')) {
      hidden.push({ how: `below ${blank} empty lines`, text: lines.slice(i).join('\n').trim() });
      break;
    }
    blank = 0;
    const gap = line.length > BLANKS_HIDE ? line.replace(/[\t\u00A0]/g, ' ').indexOf(WIDE_GAP) : -1;
    if (gap < 0) kept.push(line.trimEnd());
    else {
      kept.push(line.slice(0, gap).trimEnd());
      hidden.push({ how: `right of ${BLANKS_HIDE} blanks`, text: line.slice(gap).trim() });
    }
  }
  return { text: kept.join('\n').trim(), hidden: hidden.filter((run) => run.text !== '') };
}
