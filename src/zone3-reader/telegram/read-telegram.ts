import type { Extract } from '../../contracts/index.ts';
import type { ChatDraft } from '../chat/draft.ts';
import { isMembers, member, objectAt } from '../chat/members.ts';
import { readChat } from '../chat/read-chat.ts';
import type { ReaderPorts } from '../finish.ts';
import { isDesktopMessage, layDesktopMessage } from './desktop.ts';
import { layMessage } from './message.ts';
import { personOf, userId } from './people.ts';
import { layPoll } from './things.ts';

/**
 * Reads one Telegram message: an `Update` or a `Message` of the Bot API (also inside an answer's `result`), or a message
 * of Telegram Desktop's JSON export. Total: any bytes give an extract that passes `extractSchema`.
 */
export function readTelegram(raw: Uint8Array, ports: ReaderPorts): Extract {
  return readChat('telegram', raw, { lay: layTelegram, ports });
}

/** Updates that carry a message, and how it came. */
const MESSAGES: readonly (readonly [name: string, note: string])[] = [
  ['message', ''],
  ['edited_message', 'edited'],
  ['channel_post', ''],
  ['edited_channel_post', 'edited'],
  ['business_message', ''],
  ['edited_business_message', 'edited'],
  ['guest_message', ''],
];

function layTelegram(value: unknown, draft: ChatDraft): void {
  const answered = objectAt(value, 'result');
  const inner = answered !== null && member(value, 'ok') !== undefined ? answered : value;
  for (const [name, note] of MESSAGES) {
    const message = objectAt(inner, name);
    if (message === null) continue;
    layMessage(message, draft, note);
    return;
  }
  if (isDesktopMessage(inner)) layDesktopMessage(inner, draft);
  else if (member(inner, 'message_id') !== undefined || objectAt(inner, 'chat') !== null) layMessage(inner, draft, '');
  else layOtherUpdate(inner, draft);
}

/** An update that is no message: who caused it, and the words that a person wrote in it. */
function layOtherUpdate(update: unknown, draft: ChatDraft): void {
  const name = isMembers(update)
    ? Object.keys(update).find((key) => key !== 'update_id' && isMembers(update[key]))
    : undefined;
  const inner = name === undefined ? null : objectAt(update, name);
  if (member(update, 'update_id') === undefined || name === undefined || inner === null) {
    draft.add(
      'unknown_shape',
      'low',
      'this is no message and no update of Telegram that is known; its words were only searched',
    );
    draft.sender({ id: 'telegram:unknown', name: '' });
    return;
  }
  const by = objectAt(inner, 'from') ?? objectAt(inner, 'user') ?? objectAt(inner, 'actor_chat');
  draft.sender(by === null ? { id: 'telegram:unknown', name: '' } : personOf(by, draft));
  const chat = objectAt(inner, 'chat') ?? objectAt(inner, 'message', 'chat');
  if (chat !== null) draft.recipient(userId(chat));
  draft.paragraph(`[${draft.line(name, 40).replaceAll('_', ' ')}]`);
  if (name === 'poll') layPoll(inner, draft);
  for (const written of ['query', 'bio', 'invoice_payload']) draft.paragraph(draft.string(member(inner, written)));
  const data = draft.string(member(inner, 'data'));
  if (data !== '') draft.payload('data of a pressed button', data);
}
