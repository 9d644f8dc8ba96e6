import { CAPS } from '../caps.ts';
import type { ChatDraft } from '../chat/draft.ts';
import { listAt, member, objectAt } from '../chat/members.ts';
import { layText } from './entities.ts';

/** What a message can be instead of text. */
export function layThings(message: unknown, draft: ChatDraft): void {
  layPoll(objectAt(message, 'poll'), draft);
  layChecklist(objectAt(message, 'checklist'), draft);
  layContact(objectAt(message, 'contact'), draft);
  layPlace(message, draft);
  layOffer(message, draft);
  const dice = objectAt(message, 'dice');
  if (dice !== null)
    draft.paragraph(`[dice ${draft.line(member(dice, 'emoji'), 16)} ${draft.line(member(dice, 'value'), 16)}]`);
}

export function layPoll(poll: unknown, draft: ChatDraft): void {
  if (poll === null) return;
  draft.paragraph(`[poll] ${marked(poll, 'question', draft)}`);
  const options = listAt(poll, 'options', CAPS.chatPartsMax).map((option) => `- ${marked(option, 'text', draft)}`);
  draft.paragraph(options.join('\n'));
  for (const name of ['description', 'explanation']) {
    const text = marked(poll, name, draft);
    if (text !== '') draft.paragraph(`[${name}] ${text}`);
  }
}

function layChecklist(list: unknown, draft: ChatDraft): void {
  if (list === null) return;
  draft.paragraph(`[checklist] ${marked(list, 'title', draft)}`);
  const tasks = listAt(list, 'tasks', CAPS.chatPartsMax).map((task) => `- ${marked(task, 'text', draft)}`);
  draft.paragraph(tasks.join('\n'));
}

/** A text beside its entities (`question` and `question_entities`, …). */
function marked(of: unknown, name: string, draft: ChatDraft): string {
  return layText(draft.string(member(of, name)), listAt(of, `${name}_entities`, CAPS.jsonValuesMax), draft);
}

function layContact(contact: unknown, draft: ChatDraft): void {
  if (contact === null) return;
  const shown = ['first_name', 'last_name', 'phone_number'].map((name) => draft.line(member(contact, name)));
  draft.paragraph(`[contact: ${shown.filter((text) => text !== '').join(' ')}]`);
}

function layPlace(message: unknown, draft: ChatDraft): void {
  const venue = objectAt(message, 'venue');
  const location = objectAt(venue, 'location') ?? objectAt(message, 'location');
  if (location === null && venue === null) return;
  const at = ['latitude', 'longitude'].map((name) => draft.line(member(location, name), 24)).join(', ');
  const names = ['title', 'address'].map((name) => draft.line(member(venue, name), 300)).filter((text) => text !== '');
  draft.paragraph(`[place: ${[...names, at].join('; ')}]`);
}

/** Games and invoices: titles and descriptions that anybody could have written. */
function layOffer(message: unknown, draft: ChatDraft): void {
  for (const kind of ['game', 'invoice']) {
    const offer = objectAt(message, kind);
    if (offer === null) continue;
    draft.paragraph(`[${kind}] ${draft.string(member(offer, 'title'))}`);
    draft.paragraph(draft.string(member(offer, 'description')));
    if (kind === 'game') draft.paragraph(marked(offer, 'text', draft));
  }
}
