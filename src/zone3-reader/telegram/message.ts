import { CAPS } from '../caps.ts';
import type { ChatDraft } from '../chat/draft.ts';
import { instantOf, listAt, member, objectAt } from '../chat/members.ts';
import { layButtons } from './buttons.ts';
import { layText } from './entities.ts';
import { attachMedia } from './media.ts';
import { originName, personOf, nameOf, userId } from './people.ts';
import { layRichMessage } from './rich.ts';
import { layService } from './service.ts';
import { layThings } from './things.ts';

/** A `Message` of the Bot API. `note`: how it came, or empty. */
export function layMessage(message: unknown, draft: ChatDraft, note: string): void {
  layHead(message, draft);
  if (note !== '') draft.paragraph(`[${note}]`);
  layForward(message, draft);
  layAnswered(message, draft);
  layWritten(message, draft);
  layRichMessage(member(message, 'rich_message'), draft);
  layThings(message, draft);
  attachMedia(message, draft);
  layService(message, draft);
  layButtons(member(message, 'reply_markup'), draft);
  layPreview(message, draft);
}

function layHead(message: unknown, draft: ChatDraft): void {
  // An anonymous administrator and a channel write as a chat; `from` is then a stand-in.
  const by = objectAt(message, 'sender_chat') ?? objectAt(message, 'from');
  const chat = objectAt(message, 'chat');
  const isPost = by === null && member(chat, 'type') === 'channel';
  draft.sender(
    by !== null ? personOf(by, draft) : isPost ? personOf(chat, draft) : { id: 'telegram:unknown', name: '' },
  );
  if (chat !== null) draft.recipient(userId(chat));
  draft.date = instantOf(member(message, 'date'));
}

function layForward(message: unknown, draft: ChatDraft): void {
  const origin = objectAt(message, 'forward_origin');
  // Older servers spread the same over members of the message.
  const old = objectAt(message, 'forward_from') ?? objectAt(message, 'forward_from_chat');
  const name =
    origin !== null
      ? originName(origin, draft)
      : old !== null
        ? nameOf(old, draft)
        : draft.string(member(message, 'forward_sender_name'));
  if (origin !== null || old !== null || name !== '')
    draft.paragraph(`[forwarded from ${draft.line(name) || 'somebody'}]`);
  const via = objectAt(message, 'via_bot');
  if (via !== null) draft.paragraph(`[by way of ${draft.line(nameOf(via, draft))}]`);
}

/** What the message answers: the part that was marked, else the whole of it. */
function layAnswered(message: unknown, draft: ChatDraft): void {
  const answered = objectAt(message, 'reply_to_message');
  const elsewhere = objectAt(message, 'external_reply');
  const quote = objectAt(message, 'quote');
  const name =
    answered === null
      ? originName(member(elsewhere, 'origin'), draft)
      : nameOf(objectAt(answered, 'sender_chat') ?? member(answered, 'from'), draft);
  if (name !== '') draft.paragraph(`[answers ${draft.line(name)}]`);
  if (quote !== null)
    draft.quote(layText(draft.string(member(quote, 'text')), listAt(quote, 'entities', CAPS.jsonValuesMax), draft));
  else if (answered !== null) draft.quote(writtenIn(answered, draft).join('\n'));
}

function layWritten(message: unknown, draft: ChatDraft): void {
  for (const text of writtenIn(message, draft)) draft.paragraph(text);
  if (member(message, 'has_media_spoiler') === true)
    draft.add('media_spoiler', 'info', 'a picture or film lies under a spoiler');
}

/** Text and caption. */
function writtenIn(message: unknown, draft: ChatDraft): string[] {
  return [
    layText(draft.string(member(message, 'text')), listAt(message, 'entities', CAPS.jsonValuesMax), draft),
    layText(draft.string(member(message, 'caption')), listAt(message, 'caption_entities', CAPS.jsonValuesMax), draft),
  ].filter((text) => text !== '');
}

/** A preview may be made from an address that stands nowhere in the text. */
function layPreview(message: unknown, draft: ChatDraft): void {
  const url = draft.string(member(message, 'link_preview_options', 'url'));
  if (url === '') return;
  const shown = [draft.string(member(message, 'text')), draft.string(member(message, 'caption'))];
  if (!shown.some((text) => text.includes(url)))
    draft.add('link_preview_elsewhere', 'low', 'the preview is of an address that the text does not show');
  draft.link(url, '');
}
