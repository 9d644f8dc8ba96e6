import { CAPS } from '../caps.ts';
import type { ChatDraft } from '../chat/draft.ts';
import { instantOf, listAt, member, objectAt } from '../chat/members.ts';
import { hideRest, layAttachments, layFiles } from './attachments.ts';
import { layBlocks } from './blocks.ts';
import { layMrkdwn } from './mrkdwn.ts';
import { channelId, senderOf } from './people.ts';

/** A message in any of its subtypes. An edit shows what the message now is. */
export function layMessage(event: unknown, draft: ChatDraft): void {
  const subtype = draft.string(member(event, 'subtype'));
  const changed = subtype === 'message_changed' || subtype === 'message_replied' ? objectAt(event, 'message') : null;
  const deleted = subtype === 'message_deleted' ? objectAt(event, 'previous_message') : null;
  const message = changed ?? event;
  draft.sender(senderOf(deleted ?? message, draft));
  draft.recipient(channelId(member(event, 'channel')));
  draft.date = instantOf(member(deleted ?? message, 'ts')) ?? instantOf(member(event, 'event_ts'));
  layNote(subtype, message, draft);
  layWritten(message, draft);
  layAttachments(message, draft);
  layFiles(message, draft);
  for (const reaction of listAt(message, 'reactions', 200)) {
    const name = draft.line(member(reaction, 'name'), 100);
    if (/\s/.test(name)) draft.hide('fallback', 'the name of a reaction', name);
  }
}

/** Subtypes that only say how an ordinary message came. */
const QUIET: ReadonlySet<string> = new Set(['', 'bot_message', 'file_share', 'thread_broadcast', 'message_replied']);

function layNote(subtype: string, message: unknown, draft: ChatDraft): void {
  const word = subtype === 'message_changed' ? 'edited' : subtype === 'message_deleted' ? 'deleted' : subtype;
  if (!QUIET.has(subtype)) draft.paragraph(`[${draft.line(word, 64).replaceAll('_', ' ')}]`);
  const comment = objectAt(message, 'comment');
  if (comment !== null) draft.paragraph(layMrkdwn(draft.string(member(comment, 'comment')), draft));
}

/** Where there are blocks, they are drawn and `text` is for notifications and programs that cannot draw. */
function layWritten(message: unknown, draft: ChatDraft): void {
  const text = draft.string(member(message, 'text'));
  const before = draft.mark();
  layBlocks(listAt(message, 'blocks', CAPS.chatPartsMax), draft);
  const seen = draft.textSince(before);
  if (seen === '') draft.paragraph(layMrkdwn(text, draft));
  else hideRest(text, seen, { how: 'the text behind blocks', draft });
}
