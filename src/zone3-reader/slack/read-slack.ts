import type { Extract } from '../../contracts/index.ts';
import type { ChatDraft } from '../chat/draft.ts';
import { isMembers, member, objectAt } from '../chat/members.ts';
import { readChat } from '../chat/read-chat.ts';
import type { ReaderPorts } from '../finish.ts';
import { layMessage } from './message.ts';
import { channelId, senderOf } from './people.ts';

/**
 * Reads one Slack message: an Events API callback (also as Socket Mode wraps it), a message of `conversations.history`
 * or of an export's day file, or a command. Total: any bytes give an extract that passes `extractSchema`.
 */
export function readSlack(raw: Uint8Array, ports: ReaderPorts): Extract {
  return readChat('slack', raw, { lay: laySlack, ports });
}

const WRAPS_MAX = 4;

function laySlack(value: unknown, draft: ChatDraft): void {
  const inner = unwrapped(value);
  const type = member(inner, 'type');
  if (type === 'message' || type === 'app_mention' || (typeof type !== 'string' && looksLikeMessage(inner)))
    layMessage(inner, draft);
  else if (typeof member(inner, 'command') === 'string') layCommand(inner, draft);
  else layOtherEvent(inner, draft);
}

/** Some answers leave `type` out. */
function looksLikeMessage(value: unknown): boolean {
  if (!isMembers(value) || Object.hasOwn(value, 'command')) return false;
  return (
    ['ts', 'blocks', 'attachments', 'bot_id'].some((name) => Object.hasOwn(value, name)) ||
    typeof value['text'] === 'string'
  );
}

/** What an envelope holds: `event_callback`, Socket Mode's `payload`, an answer's `message`. */
function unwrapped(value: unknown): unknown {
  let at = value;
  for (let i = 0; i < WRAPS_MAX; i++) {
    const type = member(at, 'type');
    const next =
      type === 'event_callback'
        ? objectAt(at, 'event')
        : member(at, 'envelope_id') !== undefined
          ? objectAt(at, 'payload')
          : member(at, 'ok') !== undefined
            ? objectAt(at, 'message')
            : null;
    if (next === null) return at;
    at = next;
  }
  return at;
}

function layCommand(command: unknown, draft: ChatDraft): void {
  draft.sender(senderOf({ user: member(command, 'user_id'), username: member(command, 'user_name') }, draft));
  draft.recipient(channelId(member(command, 'channel_id')));
  draft.paragraph(`${draft.line(member(command, 'command'))} ${draft.string(member(command, 'text'))}`);
}

/** An event that is no message, or a press of a button: who, what, and the message that it is about. */
function layOtherEvent(event: unknown, draft: ChatDraft): void {
  const type = draft.line(member(event, 'type'), 64);
  const user = member(event, 'user');
  const by = isMembers(user)
    ? { user: member(user, 'id'), username: member(user, 'username') ?? member(user, 'name') }
    : { user };
  draft.sender(senderOf(by, draft));
  draft.recipient(
    channelId(member(event, 'channel', 'id') ?? member(event, 'channel') ?? member(event, 'item', 'channel')),
  );
  if (type === '') {
    draft.add(
      'unknown_shape',
      'low',
      'this is no message and no event of Slack that is known; its words were only searched',
    );
    return;
  }
  draft.paragraph(`[${type.replaceAll('_', ' ')}]`);
  const reaction = draft.line(member(event, 'reaction'), 100);
  if (reaction !== '') draft.paragraph(`:${reaction}:`);
}
