import {
  parseMailAddress,
  type ApprovalContent,
  type Extract,
  type RedMark,
  type ShownMail,
  type ShownSource,
} from '../contracts/index.ts';
import type { Reader } from '../state/index.ts';
import { getContent, type StoredContent } from './content-store.ts';
import type { FrozenAsk } from './ask.ts';
import { influenceSpans } from './influence.ts';
import type { Station } from './ports.ts';
import type { Session } from './sessions.ts';

/** Everything a person will be shown, frozen when the question is recorded. */
export function approvalContent(
  station: Station,
  reader: Reader,
  session: Session,
  ask: FrozenAsk,
  shown: ShownMail,
  red: readonly RedMark[],
): ApprovalContent {
  const contacts = station.confirmed.contacts();
  const contents = session.label.sources.map((kid) => getContent(reader, kid));
  const texts = contents.map((content) => (content === undefined ? '' : wordsOf(content.extract)));
  return {
    action: ask.declaration.name,
    zone: session.zone,
    destinations: ask.prepared.values.map((value) => ({
      role: value.role,
      value: value.value,
      audience: value.audience,
      named: value.named,
      contact: contacts.nameOf(parseMailAddress(value.value)?.key ?? value.value),
    })),
    payload: shown,
    influence: {
      subject: influenceSpans(headerOf(shown, 'Subject'), texts),
      body: influenceSpans(shown.body, texts),
    },
    sources: contents.map(shownSource),
    label: {
      integrity: ask.prepared.payloadLabel.integrity,
      confidentiality: ask.prepared.payloadLabel.confidentiality,
    },
    reversibility: ask.declaration.reversibility,
    red,
    rationale: ask.rationale,
  };
}

/** All that a session was given of a message as text. */
function wordsOf({ body, subject, from, to, links, attachments }: Extract): string {
  const named = attachments.map((attachment) => attachment.name);
  return [body, subject, from, ...to, ...links.flatMap((link) => [link.url, link.text]), ...named].join('\n');
}

/** INVARIANT: what flowed in is shown as a source for ever; of what retention took away it is said that it was there. */
function shownSource(content: StoredContent | undefined): ShownSource {
  if (content === undefined) return { channel: 'not-stored-any-more', from: '', subject: '', warned: true };
  const { channel, extract, warned } = content;
  return { channel, from: extract.from, subject: extract.subject, warned };
}

function headerOf(shown: ShownMail, name: string): string {
  return shown.headers.find(([header]) => header === name)?.[1] ?? '';
}
