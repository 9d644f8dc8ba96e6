import { CAPS } from '../caps.ts';
import type { ChatDraft } from '../chat/draft.ts';
import { countAt, instantOf, isMembers, listAt, member, objectAt, type Members } from '../chat/members.ts';
import { layText } from './entities.ts';
import { desktopId } from './people.ts';

/** A message of Telegram Desktop's export: `result.json`, machine-readable JSON. */
export function isDesktopMessage(value: unknown): value is Members {
  const type = member(value, 'type');
  return (
    isMembers(value) &&
    (type === 'message' || type === 'service') &&
    member(value, 'id') !== undefined &&
    objectAt(value, 'chat') === null
  );
}

export function layDesktopMessage(message: Members, draft: ChatDraft): void {
  layHead(message, draft);
  const [forwarded, via] = [draft.line(member(message, 'forwarded_from')), draft.line(member(message, 'via_bot'))];
  if (forwarded !== '') draft.paragraph(`[forwarded from ${forwarded}]`);
  if (via !== '') draft.paragraph(`[by way of ${via}]`);
  layAction(message, draft);
  layWritten(message, draft);
  layThings(message, draft);
  attachFiles(message, draft);
  for (const row of listAt(message, 'inline_bot_buttons', 100)) layButtons(row, draft);
}

function layHead(message: Members, draft: ChatDraft): void {
  const isService = member(message, 'type') === 'service';
  const [name, id] = isService ? ['actor', 'actor_id'] : ['from', 'from_id'];
  draft.sender({ id: desktopId(member(message, id)), name: draft.string(member(message, name)) });
  draft.date = instantOf(member(message, 'date_unixtime'));
  if (draft.date !== null) return;
  // Exports before 2021 have only the clock of the machine that wrote them.
  const local = draft.string(member(message, 'date'));
  const parsed = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(local) ? Date.parse(`${local}Z`) : Number.NaN;
  draft.date = Number.isNaN(parsed) ? null : instantOf(parsed / 1_000);
  if (draft.date !== null)
    draft.add('date_without_zone', 'info', 'the date is in a time zone that the export does not name');
}

function layAction(message: Members, draft: ChatDraft): void {
  const action = draft.line(member(message, 'action'), 64);
  if (action === '') return;
  const people = listAt(message, 'members', CAPS.chatPartsMax).map((name) => draft.line(name));
  const words = ['title', 'inviter', 'text', 'emoticon', 'new_title'].map((name) =>
    draft.line(member(message, name), 1_000),
  );
  const said = [...words, ...people].filter((text) => text !== '').join(', ');
  draft.paragraph(`[${action.replaceAll('_', ' ')}${said === '' ? '' : `: ${said}`}]`);
}

interface Marked {
  readonly text: string;
  readonly entities: readonly unknown[];
}

/** `text` is what a person sees; `text_entities` says it again in parts. */
function layWritten(message: Members, draft: ChatDraft): void {
  const shown = fromParts(member(message, 'text'), draft);
  const again = fromParts(member(message, 'text_entities'), draft);
  const [first, second] = shown.text === '' ? [again, shown] : [shown, again];
  if (member(message, 'type') === 'message') draft.paragraph(layText(first.text, first.entities, draft));
  if (second.text !== '' && second.text !== first.text)
    draft.hide('fallback', 'a second form of the text', second.text);
}

/** A string, or an array of strings and marked parts, as one text with entities. */
function fromParts(value: unknown, draft: ChatDraft): Marked {
  if (!Array.isArray(value)) return { text: draft.string(value), entities: [] };
  const entities: unknown[] = [];
  let text = '';
  for (const part of value.slice(0, CAPS.jsonValuesMax)) {
    const piece = typeof part === 'string' ? draft.string(part) : draft.string(member(part, 'text'));
    const type = draft.string(member(part, 'type'));
    if (type !== '' && type !== 'plain')
      entities.push({
        type: type === 'link' ? 'url' : type,
        offset: text.length,
        length: piece.length,
        url: member(part, 'href'),
      });
    text += piece;
    if (text.length > CAPS.visibleCharsMax) break;
  }
  return { text, entities };
}

function layThings(message: Members, draft: ChatDraft): void {
  const poll = objectAt(message, 'poll');
  if (poll !== null) {
    draft.paragraph(`[poll] ${fromParts(member(poll, 'question'), draft).text}`);
    const answers = listAt(poll, 'answers', CAPS.chatPartsMax).map(
      (answer) => `- ${fromParts(member(answer, 'text'), draft).text}`,
    );
    draft.paragraph(answers.join('\n'));
  }
  const contact = objectAt(message, 'contact_information');
  if (contact !== null) {
    const shown = ['first_name', 'last_name', 'phone_number'].map((name) => draft.line(member(contact, name)));
    draft.paragraph(`[contact: ${shown.filter((text) => text !== '').join(' ')}]`);
  }
  const place = objectAt(message, 'location_information');
  const names = ['place_name', 'address']
    .map((name) => draft.line(member(message, name), 300))
    .filter((text) => text !== '');
  if (place !== null || names.length > 0) {
    const at = ['latitude', 'longitude'].map((name) => draft.line(member(place, name), 24)).join(', ');
    draft.paragraph(`[place: ${[...names, at].join('; ')}]`);
  }
  for (const name of ['game_title', 'game_description']) draft.paragraph(draft.string(member(message, name)));
}

/** Files stand beside `result.json`; one that was left out has a sentence in brackets for a path. */
function attachFiles(message: Members, draft: ChatDraft): void {
  const file = draft.string(member(message, 'file'));
  const kind = draft.line(member(message, 'media_type'), 64).replaceAll('_', ' ');
  if (file !== '' || kind !== '') {
    const name =
      draft.string(member(message, 'file_name')) || (file.startsWith('(') ? '' : (file.split('/').at(-1) ?? ''));
    draft.attach({
      name: name === '' ? kind || 'file' : name,
      type: draft.string(member(message, 'mime_type')).toLowerCase(),
      bytes: countAt(message, 'file_size'),
    });
  }
  const photo = draft.string(member(message, 'photo'));
  if (photo !== '') draft.attach({ name: 'photo', type: 'image/jpeg', bytes: countAt(message, 'photo_file_size') });
  const about = ['performer', 'title', 'sticker_emoji']
    .map((name) => draft.line(member(message, name)))
    .filter((text) => text !== '');
  if (about.length > 0 && member(message, 'type') === 'message')
    draft.paragraph(`[${kind || 'file'}: ${about.join(', ')}]`);
}

function layButtons(row: unknown, draft: ChatDraft): void {
  const buttons = Array.isArray(row) ? row.slice(0, 100) : [];
  const labels = buttons.map((button) => {
    const label = draft.line(member(button, 'text'));
    const data = draft.string(member(button, 'data'));
    const type = draft.string(member(button, 'type'));
    const isLink = /url|web_?view|auth/.test(type);
    if (!isLink && data !== '' && data !== label) draft.payload('what a button sends', data);
    return `[button: ${label}${isLink ? draft.link(data, label) : ''}]`;
  });
  if (labels.length > 0) draft.paragraph(labels.join(' '));
}
