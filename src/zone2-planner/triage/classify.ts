import type { Extract } from '../../contracts/index.ts';
import type { Category } from '../work.ts';
import { asks, firstQuestion, ownWords, sentences } from './summarise.ts';

/**
 * What a message is, by its structure first: who it claims to be from, how its links relate to its text, what is
 * attached, what the reader found. Doubt falls towards a category that is not answered.
 */
export function classify(message: Extract): Category {
  if (isSuspicious(message)) return 'suspicious';
  // The sender of a chat is a name, of which a mail address tells nothing, even where it is written like one.
  if (message.channel !== 'email') return classifyChat(message);
  const local = localPart(message.from);
  if (local === null || /^(mailer-daemon|postmaster)$/i.test(local)) return 'bounce';
  const automatic = isAutomatic(local);
  if (isSecurityNotice(message, automatic)) return 'security';
  if (isBulk(message, local)) return 'bulk';
  if (automatic || message.to.includes(message.from)) return 'automatic';
  if (isMeeting(message)) return 'meeting';
  if (isInvoice(message)) return 'invoice';
  return firstQuestion(message) === null ? 'personal' : 'question';
}

function classifyChat(message: Extract): Category {
  if (isSecurityNotice(message, false)) return 'security';
  if (isMailing(message)) return 'bulk';
  if (isMeeting(message)) return 'meeting';
  if (isInvoice(message)) return 'invoice';
  return firstQuestion(message) === null ? 'personal' : 'question';
}

/** Evidence of the reader that something addresses the machine or was hidden from the person. */
export function isSuspicious(message: Extract): boolean {
  return message.injection_warning || message.findings.some((finding) => finding.severity === 'high');
}

function localPart(from: string): string | null {
  const at = from.lastIndexOf('@');
  return at < 1 || /[\s<>"]/.test(from) ? null : from.slice(0, at);
}

/** Senders that say by their name that nobody reads the answer. */
function isAutomatic(local: string): boolean {
  const name = local.toLowerCase().replaceAll(/[^a-z]+/g, '-');
  return /(^|-)(no-?reply|do-?not-?reply|bounces?|notifications?|notify|alerts?|mailer|automated|daemon|root|cron)(-|$)/.test(
    name,
  );
}

/** One sender, many receivers: a return path that encodes the receiver, or the message of a mailing. */
function isBulk(message: Extract, local: string): boolean {
  const encodesReceiver = local.includes('=') || /[0-9a-f]{16}|\d{10}/i.test(local);
  return encodesReceiver || isMailing(message);
}

/** A way off the list, more links than words. */
function isMailing(message: Extract): boolean {
  const wayOff = message.links.some((link) =>
    /unsubscribe|opt-?out|list-manage|abbestellen|desabonn|desinscri/i.test(`${link.url} ${link.text}`),
  );
  const { length } = message.links;
  const linkHeavy = length >= 10 || (length >= 5 && message.original_length / length < 200);
  return wayOff || linkHeavy;
}

function isSecurityNotice(message: Extract, automatic: boolean): boolean {
  const withheld = message.findings.some((finding) =>
    /one_time|otp|sign_?in|login_link|reset_link|code_withheld/.test(finding.rule),
  );
  return (
    withheld || (automatic && /password|sign-?in|log-?in|verif|security|2fa|passwort|anmeld/i.test(message.subject))
  );
}

function isMeeting(message: Extract): boolean {
  const calendar =
    message.content_type === 'text/calendar' ||
    message.attachments.some((file) => file.type === 'text/calendar' || /\.ics$/i.test(file.name));
  return (
    calendar ||
    sentences(ownWords(message.body)).some(
      (sentence) => /\b([01]?\d|2[0-3])([:.h][0-5]\d|\s?[ap]m)\b/i.test(sentence) && asks(sentence),
    )
  );
}

function isInvoice(message: Extract): boolean {
  const named = /\b(invoice|rechnung|facture|factura|fattura)\b/i;
  const file = message.attachments.some(
    (each) => /\/(pdf|xml|zip)$/.test(each.type) && named.test(each.name.replaceAll(/[_-]/g, ' ')),
  );
  const amount = /[€$£]\s?\d|\d\s?(€|EUR|USD|GBP|CHF)\b/.test(message.body);
  return file || (amount && named.test(message.subject));
}
