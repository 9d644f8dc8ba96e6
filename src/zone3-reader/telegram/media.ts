import type { ChatDraft } from '../chat/draft.ts';
import { countAt, isMembers, listAt, member, objectAt } from '../chat/members.ts';

/** Members that are one file, with the type that the Bot API leaves out. */
const FILES: readonly (readonly [name: string, type: string])[] = [
  ['document', 'application/octet-stream'],
  ['animation', 'video/mp4'],
  ['audio', 'audio/mpeg'],
  ['video', 'video/mp4'],
  ['video_note', 'video/mp4'],
  ['voice', 'audio/ogg'],
  ['sticker', 'image/webp'],
  ['live_photo', 'image/jpeg'],
];

/** Lists the files of a message or of a block. Nothing is fetched: name, type and size are the sender's words. */
export function attachMedia(message: unknown, draft: ChatDraft): void {
  // An animation comes with a `document` of the same file for old programs.
  const hasTwin = objectAt(message, 'animation') !== null;
  for (const [name, type] of FILES) {
    const file = objectAt(message, name);
    if (file !== null && !(name === 'document' && hasTwin)) attachFile(file, { name, type }, draft);
  }
  attachPhoto(message, draft);
  for (const paid of listAt(member(message, 'paid_media'), 'paid_media', 100)) attachMedia(paid, draft);
  if (objectAt(message, 'story') !== null) draft.paragraph('[story]');
}

function attachFile(file: unknown, kind: { readonly name: string; readonly type: string }, draft: ChatDraft): void {
  const name = draft.string(member(file, 'file_name'));
  draft.attach({
    name: name === '' ? kind.name.replace('_', ' ') : name,
    type: (draft.string(member(file, 'mime_type')) || kind.type).toLowerCase(),
    bytes: countAt(file, 'file_size'),
  });
  const about = ['performer', 'title', 'emoji']
    .map((key) => draft.line(member(file, key)))
    .filter((text) => text !== '');
  if (about.length > 0) draft.paragraph(`[${kind.name.replace('_', ' ')}: ${about.join(', ')}]`);
}

/** Sizes of one picture; the largest is the picture. */
function attachPhoto(message: unknown, draft: ChatDraft): void {
  const sizes = listAt(message, 'photo', 100).filter(isMembers);
  if (sizes.length === 0) return;
  draft.attach({
    name: 'photo',
    type: 'image/jpeg',
    bytes: Math.max(...sizes.map((size) => countAt(size, 'file_size'))),
  });
}
