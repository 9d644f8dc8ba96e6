import type { ItemDelivery } from '../../bridge/index.ts';
import { parseMailAddress, type Extract } from '../../contracts/index.ts';
import type { Category, Proposal } from '../work.ts';
import { clip, firstQuestion, summarise } from './summarise.ts';
import { fillTemplate, TEMPLATE_NAMES, type TemplateName, type Templates } from './templates.ts';

export type Reply =
  { readonly kind: 'proposed'; readonly proposal: Proposal } | { readonly kind: 'none'; readonly why: string };

/** The reply that a template makes for a message of this category, or why there is none. */
export function replyTo(item: ItemDelivery, category: Category, templates: Templates): Reply {
  const { message } = item;
  // Whoever answers by mail answers somebody else: no address in a chat is the sender's.
  if (message.channel !== 'email') return none(`this version sends nothing to ${message.channel}`);
  const name = TEMPLATE_NAMES.find((each) => each === category);
  if (name === undefined) return none(WHY_NOT[category] ?? 'this kind of mail is not answered');
  const template = templates[name];
  if (template.kind === 'off') return none(`the template \`${name}.txt\` is empty`);
  if (template.kind === 'refused') return none(`the template \`${name}.txt\` cannot be used: ${template.reason}`);
  if (parseMailAddress(message.from) === null) return none('the sender gives no plain mail address');
  const body = fillTemplate(template.text, {
    name: nameFrom(message.from),
    subject: message.subject === '' ? 'without a subject' : clip(message.subject, 120),
    summary: firstQuestion(message) ?? summarise(message),
  });
  return {
    kind: 'proposed',
    proposal: {
      action: 'send_email',
      params: {
        // The address stays a reference: Zone 1 resolves it from the message it stored, not from what we say it was.
        to: [{ ref: `${item.contentRef}#/from` }],
        subject: replySubject(message),
        body: `${body}\n`,
        in_reply_to: item.contentRef,
      },
      rationale: RATIONALE[name],
    },
  };
}

/** `Re: ` once, whatever stood before the subject. */
export function replySubject(message: Pick<Extract, 'subject'>): string {
  const bare = message.subject.replace(/^(\s*(re|aw|sv|antw)\s*:\s*)+/i, '').trim();
  return `Re: ${clip(bare === '' ? 'your message' : bare, 900)}`;
}

/** How to greet: the first name in an address that holds one, else a word that fits everybody. */
export function nameFrom(address: string): string {
  const first = /^(\p{L}{2,20})(?=[._-]\p{L}|@)/u.exec(address)?.[1];
  return first === undefined || OFFICES.test(first)
    ? 'there'
    : `${first.charAt(0).toUpperCase()}${first.slice(1).toLowerCase()}`;
}

/** Mailboxes of an office, not of a person (RFC 2142 and its everyday kin). */
const OFFICES =
  /^(accounts?|accounting|admin|billing|bookings?|contact|customer|finance|hello|help|info|invoices?|jobs|mail|office|orders?|post|reception|sales|service|shop|support|team|webmaster|buchhaltung|kontakt|rechnung)$/i;

const RATIONALE: Readonly<Record<TemplateName, string>> = {
  question: 'The message asks a question; this acknowledges it from your template question.txt.',
  meeting: 'The message proposes a time; this acknowledges it from your template meeting.txt.',
  invoice: 'The message brings an invoice; this acknowledges it from your template invoice.txt.',
  personal: 'The message is personal; this acknowledges it from your template personal.txt.',
};

const WHY_NOT: Readonly<Partial<Record<Category, string>>> = {
  suspicious: 'the reader found signs of manipulation',
  bounce: 'delivery reports are not answered',
  bulk: 'mailings to many are not answered',
  automatic: 'nobody reads answers to this sender',
  security: 'security notices are not answered',
};

function none(why: string): Reply {
  return { kind: 'none', why };
}
