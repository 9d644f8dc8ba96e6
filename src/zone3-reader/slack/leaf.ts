import type { ChatDraft } from '../chat/draft.ts';
import { member, objectAt } from '../chat/members.ts';

/** The text of an element that holds no further ones, or null when it does. */
export function layLeaf(node: unknown, type: string, draft: ChatDraft): string | null {
  switch (type) {
    case 'text':
    case 'raw_text':
      return draft.string(member(node, 'text'));
    case 'link':
      return layLink(node, draft);
    case 'user':
      return `@${draft.line(member(node, 'user_id'), 64)}`;
    case 'usergroup':
      return `@${draft.line(member(node, 'usergroup_id'), 64)}`;
    case 'channel':
      return `#${draft.line(member(node, 'channel_id'), 64)}`;
    case 'broadcast':
      return `@${draft.line(member(node, 'range'), 64)}`;
    case 'emoji':
      return layEmoji(node, draft);
    case 'date':
      return layDate(node, draft);
    case 'color':
      return draft.line(member(node, 'value'), 64);
    case 'button':
    case 'workflow_button':
      return layButton(node, draft);
    default:
      return null;
  }
}

function layLink(node: unknown, draft: ChatDraft): string {
  const [url, text] = [draft.string(member(node, 'url')), draft.string(member(node, 'text'))];
  const mask = draft.link(url, text);
  return text === '' ? url : `${text}${mask}`;
}

function layEmoji(node: unknown, draft: ChatDraft): string {
  const points = draft
    .string(member(node, 'unicode'))
    .split('-')
    .map((hex) => (/^[0-9a-f]{2,6}$/i.test(hex) ? Number.parseInt(hex, 16) : -1));
  if (points.every((point) => point > 0 && point <= 0x10ffff)) return String.fromCodePoint(...points.slice(0, 16));
  return `:${draft.line(member(node, 'name'), 100)}:`;
}

function layDate(node: unknown, draft: ChatDraft): string {
  const shown = draft.string(member(node, 'fallback')) || draft.line(member(node, 'timestamp'), 24);
  return `${shown}${draft.link(draft.string(member(node, 'url')), shown)}`;
}

/** Labels are seen; what a button sends, and what it asks before it sends, is not. */
export function layButton(node: unknown, draft: ChatDraft): string {
  const label = draft.line(member(node, 'text', 'text')) || draft.line(member(node, 'text'));
  const mask = draft.link(draft.string(member(node, 'url')), label);
  const value = draft.string(member(node, 'value'));
  if (value !== '' && value !== label) draft.payload('what a button sends', value);
  const confirm = objectAt(node, 'confirm');
  for (const name of ['title', 'text']) {
    const asked = draft.string(member(confirm, name, 'text')) || draft.string(member(confirm, name));
    if (asked !== '') draft.payload('what a button asks', asked);
  }
  return `[button: ${label}${mask}] `;
}
