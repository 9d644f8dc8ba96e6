import {
  parseMailAddress,
  type ApprovalContent,
  type Extract,
  type InfluenceSpan,
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
  const influence = {
    subject: influenceSpans(headerOf(shown, 'Subject'), texts),
    body: influenceSpans(shown.body, texts),
  };
  const kept = shownFirst(contents.length, [...influence.subject, ...influence.body]);
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
    influence: { subject: renumbered(influence.subject, kept), body: renumbered(influence.body, kept) },
    sources: [...kept.map((index) => shownSource(contents[index])), ...summed(contents, kept)],
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

/** Sources that are listed one by one; a question must fit one answer however much its session has read. */
const SOURCES_SHOWN_MAX = 200;

/** Indexes of the sources that are listed: those that stretches were taken from come first. */
function shownFirst(count: number, spans: readonly InfluenceSpan[]): number[] {
  const all = Array.from({ length: count }, (_, index) => index);
  if (count <= SOURCES_SHOWN_MAX) return all;
  const first = [...new Set(spans.map((span) => span.source))];
  return [...new Set([...first, ...all])].slice(0, SOURCES_SHOWN_MAX);
}

function renumbered(spans: readonly InfluenceSpan[], kept: readonly number[]): InfluenceSpan[] {
  const places = new Map(kept.map((index, place) => [index, place]));
  // What is not listed by itself stands in the line that sums up the rest.
  return spans.map((span) => ({ ...span, source: places.get(span.source) ?? kept.length }));
}

/** One line for all that are not listed; flagged when one of them is. */
function summed(contents: readonly (StoredContent | undefined)[], kept: readonly number[]): ShownSource[] {
  const rest = contents.filter((_, index) => !kept.includes(index));
  if (rest.length === 0) return [];
  const warned = rest.some((content) => content?.warned ?? true);
  return [{ channel: 'further-messages', from: '', subject: `${rest.length} further messages`, warned }];
}

function headerOf(shown: ShownMail, name: string): string {
  return shown.headers.find(([header]) => header === name)?.[1] ?? '';
}
