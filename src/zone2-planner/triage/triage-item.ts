import type { ItemDelivery } from '../../bridge/index.ts';
import type { Extract } from '../../contracts/index.ts';
import type { Category, Plan } from '../work.ts';
import { classify } from './classify.ts';
import { replyTo } from './reply.ts';
import { clip, summarise } from './summarise.ts';
import type { Templates } from './templates.ts';

/** Classify, summarise, propose: no model, no words of the message ever decide what is done with them. */
export function triageItem(item: ItemDelivery, templates: Templates): Plan {
  const category = classify(item.message);
  const reply = replyTo(item, category, templates);
  const proposals = reply.kind === 'proposed' ? [reply.proposal] : [];
  const decision = reply.kind === 'proposed' ? 'a reply is proposed' : `nothing is proposed: ${reply.why}`;
  return {
    engine: 'rules',
    category,
    proposals,
    text: `${describe(item.message, category)}\n${LABEL[category]}; ${decision}.`,
  };
}

/** Who, about what, and what it says, in at most four lines. A suspicious message is described, not quoted. */
export function describe(message: Extract, category: Category): string {
  const from = message.from === '' ? 'an unnamed sender' : clip(message.from, 120);
  const about = message.subject === '' ? '(no subject)' : clip(message.subject, 200);
  // A chat message has a subject where its chat has a name.
  const lines = [
    message.channel === 'email'
      ? `From ${from}: ${about}`
      : `From ${from} by ${message.channel}${message.subject === '' ? '' : `: ${about}`}`,
  ];
  if (category === 'suspicious') {
    const rules = [...new Set(message.findings.map((finding) => finding.rule))].slice(0, 8);
    lines.push(`Found by the reader: ${rules.length === 0 ? 'an injection warning' : rules.join(', ')}.`);
  } else {
    const summary = summarise(message);
    if (summary !== '') lines.push(summary);
  }
  const extras = [
    ...message.attachments
      .slice(0, 5)
      .map((file) => `${clip(file.name === '' ? file.type : file.name, 80)} (${file.bytes} bytes)`),
    ...(message.links.length === 0 ? [] : [`${message.links.length} ${message.links.length === 1 ? 'link' : 'links'}`]),
    ...(message.truncated ? ['cut to its limits'] : []),
  ];
  if (extras.length > 0) lines.push(`With ${extras.join(', ')}.`);
  return lines.join('\n');
}

const LABEL: Readonly<Record<Category, string>> = {
  suspicious: 'Marked suspicious',
  bounce: 'A delivery report',
  bulk: 'A mailing to many',
  automatic: 'Sent by a machine',
  security: 'A security notice',
  invoice: 'An invoice',
  meeting: 'About a meeting',
  question: 'Asks a question',
  personal: 'A personal message',
};
