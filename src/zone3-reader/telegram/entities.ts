import { CAPS } from '../caps.ts';
import type { ChatDraft } from '../chat/draft.ts';
import { member } from '../chat/members.ts';
import { cleanLine } from '../text/clean.ts';

/** Units of UTF-16, as Telegram counts. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** What is put in the place of a range, or before a place where the range is empty. */
interface Edit extends Range {
  readonly put: string;
}

/**
 * A text with its entities as a person reads it: spoilers taken out, quotations behind `> `, and after a link whose text
 * claims another host where it goes. Entities may overlap, point anywhere and be of any number.
 */
export function layText(text: string, entities: readonly unknown[], draft: ChatDraft): string {
  if (text === '') return '';
  const spoilers: Range[] = [];
  const quotes: Range[] = [];
  const edits: Edit[] = [];
  let [astray, emoji] = [0, 0];
  for (const entity of entities.slice(0, CAPS.entitiesMax)) {
    const range = rangeOf(entity, text);
    if (range === null) {
      astray += 1;
      continue;
    }
    const type = member(entity, 'type');
    if (type === 'spoiler') spoilers.push(range);
    else if (type === 'blockquote' || type === 'expandable_blockquote') quotes.push(range);
    else if (type === 'custom_emoji') emoji += 1;
    else if (type === 'text_link' || type === 'url') {
      const put = layLink(entity, text.slice(range.from, range.to), draft);
      if (put !== '') edits.push({ from: range.to, to: range.to, put });
    }
  }
  if (entities.length > CAPS.entitiesMax)
    draft.add(
      'entities_truncated',
      'medium',
      `${entities.length} marks on one text; the first ${CAPS.entitiesMax} were read`,
    );
  if (astray > 0) draft.add('entity_astray', 'low', `${astray} marks point outside their text`);
  if (emoji > 0)
    draft.add('custom_emoji', 'info', `${emoji} emoji are pictures of the sender's own: what they draw is not read`);
  // A spoiler in the middle of an order would leave both halves harmless.
  if (spoilers.length > 0) draft.hear('a text with what its spoilers cover', text);
  for (const range of merged(spoilers)) {
    draft.hide('spoiler', 'under a spoiler', text.slice(range.from, range.to));
    edits.push({ ...range, put: '[spoiler]' });
  }
  for (const range of merged(quotes)) addQuoteEdits(edits, range, text);
  return applied(text, edits);
}

/** Within the text, grown so that no pair of units is cut; null where it marks nothing. */
function rangeOf(entity: unknown, text: string): Range | null {
  const [offset, length] = [member(entity, 'offset'), member(entity, 'length')];
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length)) return null;
  const from = Number(offset);
  const to = Math.min(from + Number(length), text.length);
  if (from < 0 || to <= from) return null;
  return { from: isInPair(text, from) ? from - 1 : from, to: isInPair(text, to) ? to + 1 : to };
}

function isInPair(text: string, at: number): boolean {
  const [before, after] = [text.charCodeAt(at - 1), text.charCodeAt(at)];
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}

function layLink(entity: unknown, label: string, draft: ChatDraft): string {
  if (member(entity, 'type') === 'url')
    return draft.link(/^[a-z][a-z0-9+.-]*:/i.test(label) ? label : `http://${label}`, label);
  const url = draft.string(member(entity, 'url'));
  if (url !== '' && cleanLine(label, 100) === '')
    draft.add('link_invisible', 'medium', 'a link lies on characters that draw nothing');
  return draft.link(url, label);
}

function merged(ranges: readonly Range[]): Range[] {
  const out: { from: number; to: number }[] = [];
  for (const { from, to } of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = out.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else out.push({ from, to });
  }
  return out;
}

/** One by one: a text may have more lines than a call may have arguments. */
function addQuoteEdits(edits: Edit[], { from, to }: Range, text: string): void {
  edits.push({ from, to: from, put: from === 0 || text[from - 1] === '\n' ? '> ' : '\n> ' });
  for (let at = text.indexOf('\n', from); at >= 0 && at < to - 1; at = text.indexOf('\n', at + 1))
    edits.push({ from: at + 1, to: at + 1, put: '> ' });
}

/** Edits inside something that was taken out fall away with it. */
function applied(text: string, edits: readonly Edit[]): string {
  const pieces: string[] = [];
  let at = 0;
  for (const edit of [...edits].sort((a, b) => a.from - b.from || b.to - a.to)) {
    if (edit.from < at) continue;
    pieces.push(text.slice(at, edit.from), edit.put);
    at = edit.to;
  }
  pieces.push(text.slice(at));
  return pieces.join('');
}
