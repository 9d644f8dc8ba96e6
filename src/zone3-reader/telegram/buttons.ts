import type { ChatDraft } from '../chat/draft.ts';
import { listAt, member } from '../chat/members.ts';

const ROWS_MAX = 100;

/** The buttons under a message (or the keyboard that it brings): labels are seen, what they send or copy is not. */
export function layButtons(markup: unknown, draft: ChatDraft): void {
  for (const name of ['inline_keyboard', 'keyboard']) {
    for (const row of listAt(markup, name, ROWS_MAX)) layRow(row, draft);
  }
  const placeholder = draft.line(member(markup, 'input_field_placeholder'));
  if (placeholder !== '') draft.paragraph(`[input: ${placeholder}]`);
}

function layRow(row: unknown, draft: ChatDraft): void {
  const buttons = Array.isArray(row) ? row.slice(0, ROWS_MAX) : [];
  const labels = buttons.map((button) => layButton(button, draft));
  if (labels.length > 0) draft.paragraph(labels.join(' '));
}

function layButton(button: unknown, draft: ChatDraft): string {
  const label = typeof button === 'string' ? draft.line(button) : draft.line(member(button, 'text'));
  let mask = '';
  for (const url of [member(button, 'url'), member(button, 'web_app', 'url'), member(button, 'login_url', 'url')])
    mask += draft.link(draft.string(url), label);
  for (const [how, text] of [
    ['what a button sends', member(button, 'callback_data')],
    ['what a button copies', member(button, 'copy_text', 'text')],
    ['what a button writes', member(button, 'switch_inline_query')],
    ['what a button writes', member(button, 'switch_inline_query_current_chat')],
    ['what a button writes', member(button, 'switch_inline_query_chosen_chat', 'query')],
    ['what a button forwards', member(button, 'login_url', 'forward_text')],
  ] as const) {
    const written = draft.string(text);
    if (written !== '' && written !== label) draft.payload(how, written);
  }
  return `[button: ${label}${mask}]`;
}
