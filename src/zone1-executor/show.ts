import { parseMailAddress, type ApprovalContent, type RedMark, type ShownMail } from '../contracts/index.ts';
import type { Reader } from '../state/index.ts';
import { getContent } from './content-store.ts';
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
  const contents = session.label.sources
    .map((kid) => getContent(reader, kid))
    .filter((content) => content !== undefined);
  const texts = contents.map(({ extract }) =>
    [extract.body, extract.subject, extract.from, ...extract.links.map((link) => link.url)].join('\n'),
  );
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
    sources: contents.map(({ channel, extract, warned }) => ({
      channel,
      from: extract.from,
      subject: extract.subject,
      warned,
    })),
    label: {
      integrity: ask.prepared.payloadLabel.integrity,
      confidentiality: ask.prepared.payloadLabel.confidentiality,
    },
    reversibility: ask.declaration.reversibility,
    red,
    rationale: ask.rationale,
  };
}

function headerOf(shown: ShownMail, name: string): string {
  return shown.headers.find(([header]) => header === name)?.[1] ?? '';
}
