/** A parsed mail search: words that must all occur, and operators. All comparisons ignore case. */
export interface SearchQuery {
  readonly words: readonly string[];
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly subject: readonly string[];
  /** Milliseconds since the epoch, inclusive and exclusive. */
  readonly sinceMs: number | null;
  readonly beforeMs: number | null;
  readonly attachment: boolean;
}

const TOKEN = /([a-z0-9]+):"([^"]*)"|([a-z0-9]+):(\S+)|"([^"]*)"|(\S+)/gi;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** The query in `text`, or a sentence that says what is wrong with it. Operators come from a list. */
export function parseSearchQuery(
  text: string,
): { readonly ok: true; readonly query: SearchQuery } | { readonly ok: false; readonly message: string } {
  const lists = { words: [] as string[], from: [] as string[], to: [] as string[], subject: [] as string[] };
  let sinceMs: number | null = null;
  let beforeMs: number | null = null;
  let attachment = false;
  for (const match of text.matchAll(TOKEN)) {
    const name = (match[1] ?? match[3])?.toLowerCase();
    const value = (match[2] ?? match[4] ?? match[5] ?? match[6] ?? '').toLowerCase();
    switch (name) {
      case undefined:
        lists.words.push(value);
        break;
      case 'from':
      case 'to':
      case 'subject':
        lists[name].push(value);
        break;
      case 'since':
      case 'before': {
        const ms = DAY.test(value) ? Date.parse(`${value}T00:00:00Z`) : Number.NaN;
        if (Number.isNaN(ms)) return { ok: false, message: `\`${name}:\` wants a date such as 2026-01-31` };
        if (name === 'since') sinceMs = ms;
        else beforeMs = ms;
        break;
      }
      case 'has':
        if (value !== 'attachment') return { ok: false, message: 'only `has:attachment` is known' };
        attachment = true;
        break;
      default:
        return {
          ok: false,
          message: 'operators are `from:`, `to:`, `subject:`, `since:`, `before:`, `has:attachment`',
        };
    }
  }
  return { ok: true, query: { ...lists, sinceMs, beforeMs, attachment } };
}
