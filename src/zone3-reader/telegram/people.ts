import type { ChatDraft } from '../chat/draft.ts';
import { isMembers, member } from '../chat/members.ts';
import type { Person } from '../chat/people.ts';

const ID = /^-?\d{1,19}$/;
/** Telegram Desktop writes the kind before the number; the Bot API writes it into the sign and a prefix. */
const DESKTOP_ID = /^(user|chat|channel)(\d{1,19})$/;

/** `telegram:user:12` for people and bots, `telegram:chat:-100…` for groups and channels, `telegram:unknown` else. */
export function userId(who: unknown): string {
  const id = written(member(who, 'id'));
  if (!ID.test(id)) return 'telegram:unknown';
  return isChat(who) || id.startsWith('-') ? `telegram:chat:${id}` : `telegram:user:${id}`;
}

/** The id in the Bot API's form, from the form of an export. */
export function desktopId(value: unknown): string {
  const id = written(value);
  if (ID.test(id)) return id.startsWith('-') ? `telegram:chat:${id}` : `telegram:user:${id}`;
  const [, kind = '', number = ''] = DESKTOP_ID.exec(id) ?? [];
  if (number === '') return 'telegram:unknown';
  if (kind === 'user') return `telegram:user:${number}`;
  return `telegram:chat:${kind === 'channel' ? '-100' : '-'}${number}`;
}

/** A user or a chat of the Bot API. */
export function personOf(who: unknown, draft: ChatDraft): Person {
  return { id: userId(who), name: nameOf(who, draft) };
}

/** First and last name or title, then `@username`; as written. */
export function nameOf(who: unknown, draft: ChatDraft): string {
  const username = draft.string(member(who, 'username'));
  return [
    draft.string(member(who, 'title')),
    draft.string(member(who, 'first_name')),
    draft.string(member(who, 'last_name')),
    username === '' ? '' : `@${username}`,
  ]
    .filter((name) => name !== '')
    .join(' ');
}

/** The name of whoever wrote what was forwarded or is answered (`MessageOrigin`). */
export function originName(origin: unknown, draft: ChatDraft): string {
  for (const name of ['sender_user', 'sender_chat', 'chat']) {
    const who = member(origin, name);
    if (isMembers(who)) return nameOf(who, draft);
  }
  return draft.string(member(origin, 'sender_user_name'));
}

function isChat(who: unknown): boolean {
  const type = member(who, 'type');
  return type === 'group' || type === 'supergroup' || type === 'channel';
}

function written(id: unknown): string {
  return typeof id === 'number' && Number.isSafeInteger(id) ? String(id) : typeof id === 'string' ? id : '';
}
