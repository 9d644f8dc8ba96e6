import { CAPS } from '../caps.ts';
import type { ChatDraft } from '../chat/draft.ts';
import { countAt, listAt, member } from '../chat/members.ts';
import { compareAlternatives } from '../text/compare.ts';
import { cleanText } from '../text/clean.ts';
import { layBlocks } from './blocks.ts';
import { layButton } from './leaf.ts';
import { layMrkdwn } from './mrkdwn.ts';

const ATTACHMENTS_MAX = 200;

/** The older kind of attachments: coloured boxes of apps, previews of links, messages that were passed on. */
export function layAttachments(message: unknown, draft: ChatDraft): void {
  for (const attachment of listAt(message, 'attachments', ATTACHMENTS_MAX)) layAttachment(attachment, draft);
}

function layAttachment(attachment: unknown, draft: ChatDraft): void {
  const before = draft.mark();
  draft.paragraph(layMrkdwn(draft.string(member(attachment, 'pretext')), draft));
  for (const [name, url] of [
    ['author_name', 'author_link'],
    ['title', 'title_link'],
  ] as const) {
    const text = layMrkdwn(draft.string(member(attachment, name)), draft);
    const mask = draft.link(draft.string(member(attachment, url)), text);
    draft.paragraph(`${text}${text === '' ? mask.trim() : mask}`);
  }
  draft.paragraph(layMrkdwn(draft.string(member(attachment, 'text')), draft));
  for (const field of listAt(attachment, 'fields', CAPS.chatPartsMax)) {
    const [title, value] = [draft.string(member(field, 'title')), draft.string(member(field, 'value'))];
    draft.paragraph(`${title}: ${layMrkdwn(value, draft)}`);
  }
  layBlocks(listAt(attachment, 'blocks', CAPS.chatPartsMax), draft);
  for (const inner of listAt(attachment, 'message_blocks', 20))
    layBlocks(listAt(member(inner, 'message'), 'blocks', CAPS.chatPartsMax), draft);
  const buttons = listAt(attachment, 'actions', 100).map((button) => layButton(button, draft));
  draft.paragraph(buttons.join('').trim());
  draft.paragraph(draft.string(member(attachment, 'footer')));
  for (const name of ['image_url', 'thumb_url']) {
    const url = draft.string(member(attachment, name));
    if (url !== '') draft.link(url, '');
  }
  hideRest(draft.string(member(attachment, 'fallback')), draft.textSince(before), {
    how: 'the fallback of an attachment',
    draft,
  });
}

/** A form for programs that cannot draw: what it says beyond what is drawn was kept from a person. */
export function hideRest(
  fallback: string,
  seen: string,
  { how, draft }: { readonly how: string; readonly draft: ChatDraft },
): void {
  if (fallback === '') return;
  const read = cleanText(layMrkdwn(fallback, draft));
  const { onlyThere } = compareAlternatives(read, seen);
  if (onlyThere !== '') draft.hide('fallback', how, onlyThere);
}

/** Files are named, not fetched. Of texts and mails the beginning is shown beside the message. */
export function layFiles(message: unknown, draft: ChatDraft): void {
  for (const file of [...listAt(message, 'files', ATTACHMENTS_MAX), member(message, 'file')]) {
    if (file === undefined || file === null) continue;
    const name = draft.string(member(file, 'name'));
    const title = draft.string(member(file, 'title'));
    draft.attach({
      name: name || title || 'file',
      type: draft.string(member(file, 'mimetype')).toLowerCase(),
      bytes: countAt(file, 'size'),
    });
    if (title !== '' && title !== name) draft.paragraph(`[file: ${draft.line(title)}]`);
    const preview = draft.string(member(file, 'plain_text')) || draft.string(member(file, 'preview'));
    if (preview !== '') draft.quote(preview);
    const alt = draft.string(member(file, 'alt_txt'));
    if (alt !== '') draft.caption('alt_txt', alt);
    const link = draft.string(member(file, 'external_url'));
    if (link !== '') draft.link(link, title);
  }
}
