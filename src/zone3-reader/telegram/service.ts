import { CAPS } from '../caps.ts';
import type { ChatDraft } from '../chat/draft.ts';
import { isMembers, listAt, member, objectAt } from '../chat/members.ts';
import { nameOf } from './people.ts';

/** Messages that the service writes, with the words of people in them. */
const WORDS: readonly (readonly [name: string, ...path: string[]])[] = [
  ['new_chat_title'],
  ['connected_website'],
  ['forum_topic_created', 'name'],
  ['forum_topic_edited', 'name'],
  ['giveaway', 'prize_description'],
  ['giveaway_winners', 'prize_description'],
  ['web_app_data', 'button_text'],
  ['suggested_post_declined', 'comment'],
  ['gift', 'text'],
];
/** Messages that the service writes about something else: named, nothing more. */
const NAMED: readonly string[] = [
  'delete_chat_photo',
  'group_chat_created',
  'supergroup_chat_created',
  'channel_chat_created',
  'message_auto_delete_timer_changed',
  'migrate_to_chat_id',
  'migrate_from_chat_id',
  'successful_payment',
  'refunded_payment',
  'write_access_allowed',
  'passport_data',
  'boost_added',
  'forum_topic_closed',
  'forum_topic_reopened',
  'giveaway_created',
  'giveaway_completed',
  'video_chat_scheduled',
  'video_chat_started',
  'video_chat_ended',
];
const PEOPLE: readonly string[] = ['new_chat_members', 'left_chat_member', 'chat_shared'];

/** Service messages: what happened, in the service's own word for it. */
export function layService(message: unknown, draft: ChatDraft): void {
  for (const name of PEOPLE) {
    const found = member(message, name);
    const people = Array.isArray(found) ? listAt(message, name, CAPS.chatPartsMax) : isMembers(found) ? [found] : [];
    if (people.length > 0)
      draft.paragraph(`[${spoken(name)}: ${people.map((who) => draft.line(nameOf(who, draft))).join(', ')}]`);
  }
  const shared = listAt(member(message, 'users_shared'), 'users', CAPS.chatPartsMax);
  if (shared.length > 0)
    draft.paragraph(`[users shared: ${shared.map((who) => draft.line(nameOf(who, draft))).join(', ')}]`);
  for (const [name, ...path] of WORDS) {
    const text = draft.line(member(message, name, ...path), 1_000);
    if (text !== '') draft.paragraph(`[${spoken(name)}: ${text}]`);
  }
  for (const name of NAMED) if (member(message, name) !== undefined) draft.paragraph(`[${spoken(name)}]`);
  const pinned = objectAt(message, 'pinned_message');
  if (pinned !== null) {
    draft.paragraph('[pinned]');
    draft.quote(draft.string(member(pinned, 'text')) || draft.string(member(pinned, 'caption')));
  }
  const data = draft.string(member(message, 'web_app_data', 'data'));
  if (data !== '') draft.payload('data of a web app', data);
}

function spoken(name: string): string {
  return name.replaceAll('_', ' ');
}
