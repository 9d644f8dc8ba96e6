import type { ChatDraft } from '../chat/draft.ts';
import { member } from '../chat/members.ts';
import type { Person } from '../chat/people.ts';

/** Ids of Slack: a letter for the kind, then capitals and digits. */
const ID = /^[A-Z][A-Z0-9]{1,30}$/;

/** `slack:user:U…`, else `slack:bot:B…`, else `slack:unknown`; the name that the message claims for it. */
export function senderOf(message: unknown, draft: ChatDraft): Person {
  const user = idOf(member(message, 'user'));
  const bot = idOf(member(message, 'bot_id')) || idOf(member(message, 'bot_profile', 'id'));
  const id = user !== '' ? `slack:user:${user}` : bot !== '' ? `slack:bot:${bot}` : 'slack:unknown';
  const chosen = draft.string(member(message, 'username'));
  const profile = [
    draft.string(member(message, 'user_profile', 'display_name')) ||
      draft.string(member(message, 'user_profile', 'real_name')),
    draft.string(member(message, 'bot_profile', 'name')),
  ].find((name) => name !== '');
  if (bot !== '' && chosen !== '' && profile !== undefined && chosen !== profile)
    draft.add('from_name_chosen', 'low', 'an app wrote this under a name that is not its own');
  return { id, name: chosen || profile || '' };
}

/** `slack:channel:C…` for channels, groups and direct messages alike, or empty. */
export function channelId(value: unknown): string {
  const id = idOf(value);
  return id === '' ? '' : `slack:channel:${id}`;
}

function idOf(value: unknown): string {
  return typeof value === 'string' && ID.test(value) ? value : '';
}
