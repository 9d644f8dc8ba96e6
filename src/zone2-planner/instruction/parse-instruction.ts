import { parseId, type ContentRef, type DraftId, type TaskId } from '../../contracts/index.ts';
import { parseBody, parseMail, type MailWords } from './mail-words.ts';
import { parseSchedule, type Schedule } from './schedule-words.ts';

/** What the rule-based planner understood of an instruction. */
export type Instruction =
  | { readonly kind: 'list'; readonly limit: number }
  | { readonly kind: 'search'; readonly query: string }
  | { readonly kind: 'read' | 'summarise'; readonly ref: ContentRef | 'joined' }
  | { readonly kind: 'mail'; readonly action: 'send_email' | 'draft_email'; readonly mail: MailWords }
  | { readonly kind: 'send_draft'; readonly draft: DraftId }
  | { readonly kind: 'reply'; readonly ref: ContentRef | 'joined'; readonly body: string }
  | { readonly kind: 'profile' }
  | { readonly kind: 'schedule'; readonly schedule: Schedule }
  | { readonly kind: 'tasks' }
  | { readonly kind: 'delete_task'; readonly task: TaskId }
  /** `hint` says what is missing; null when nothing was recognised. */
  | { readonly kind: 'unclear'; readonly hint: string | null };

/** Understands a few verbs, wherever the words between them stand. Everything else is `unclear`: nothing is guessed. */
export function parseInstruction(text: string, nowMs: number): Instruction {
  const line = text.trim();
  const scheduled = parseSchedule(line, nowMs);
  if (scheduled !== null)
    return scheduled.ok ? { kind: 'schedule', schedule: scheduled.schedule } : unclear(scheduled.hint);
  const verb = (/^(?:please\s+)?([a-z']+)/i.exec(line)?.[1] ?? '').toLowerCase();
  switch (verb) {
    case 'send':
    case 'mail':
    case 'email':
    case 'draft':
    case 'write':
    case 'compose':
      return parseSending(line, verb);
    case 'reply':
    case 'answer':
    case 'respond':
      return parseReply(line);
    case 'search':
    case 'find':
      return parseSearch(line);
    case 'summarise':
    case 'summarize':
    case 'summary':
      return parseReading(line, 'summarise');
    case 'read':
    case 'show':
    case 'open':
      return parseReading(line, 'read');
    case 'list':
    case 'inbox':
    case 'check':
      return /\btasks\b/i.test(line) ? { kind: 'tasks' } : { kind: 'list', limit: limitIn(line) };
    case 'tasks':
    case 'schedule':
      return { kind: 'tasks' };
    case 'delete':
    case 'cancel':
      return parseDelete(line);
    case 'profile':
    case 'whoami':
      return { kind: 'profile' };
    default:
      return /\bwho am i\b/i.test(line) ? { kind: 'profile' } : unclear(null);
  }
}

function parseSending(line: string, verb: string): Instruction {
  const draft = idIn('d_', line);
  if (verb === 'send' && draft !== null) return { kind: 'send_draft', draft };
  const parsed = parseMail(line);
  if (!parsed.ok) return unclear(parsed.hint);
  const drafting = verb === 'draft' || verb === 'write' || verb === 'compose';
  return { kind: 'mail', action: drafting ? 'draft_email' : 'send_email', mail: parsed.mail };
}

function parseReply(line: string): Instruction {
  const ref = idIn('c_', line);
  const said = /^(?:please\s+)?\S+\s*(?:to\s+)?(c_[a-z2-7]{26}|it|this|that)?\b\s*(.*)$/is.exec(line);
  const body = parseBody(said?.[2] ?? '', said?.[1] !== undefined);
  if (body === null) return unclear('say the text, such as `reply to c_… text "…"`');
  return { kind: 'reply', ref: ref ?? 'joined', body };
}

function parseSearch(line: string): Instruction {
  const query = line
    .replace(/^(please\s+)?(search|find)\b\s*((my\s+)?(inbox|mails?|emails?|messages)\s+)?(for\s+)?/i, '')
    .replaceAll(/["“”„]/g, '')
    .trim();
  return query === ''
    ? unclear('say what to search for, such as `search invoice from:ann@example.org`')
    : { kind: 'search', query: query.slice(0, 500) };
}

function parseReading(line: string, kind: 'read' | 'summarise'): Instruction {
  const ref = idIn('c_', line);
  if (ref !== null) return { kind, ref };
  if (/\btasks\b/i.test(line)) return { kind: 'tasks' };
  if (/\b(it|this|that)\b/i.test(line)) return { kind, ref: 'joined' };
  if (/\b(inbox|mails?|emails?|messages|unread|new)\b/i.test(line)) return { kind: 'list', limit: limitIn(line) };
  return unclear('name the mail by its reference, such as `read c_…`, or say `list inbox`');
}

function parseDelete(line: string): Instruction {
  const task = idIn('t_', line);
  return task === null ? unclear('name the task by its id, such as `delete task t_…`') : { kind: 'delete_task', task };
}

function limitIn(line: string): number {
  const found = /\b(\d{1,3})\b/.exec(line)?.[1];
  return found === undefined ? 10 : Math.min(50, Math.max(1, Number(found)));
}

function idIn<P extends 'c_' | 'd_' | 't_'>(
  prefix: P,
  line: string,
): (P extends 'c_' ? ContentRef : P extends 'd_' ? DraftId : TaskId) | null;
function idIn(prefix: 'c_' | 'd_' | 't_', line: string): string | null {
  const found = line.match(/\b[cdt]_[a-z2-7]{26}\b/g)?.find((id) => id.startsWith(prefix));
  return found === undefined ? null : parseId(prefix, found);
}

function unclear(hint: string | null): Instruction {
  return { kind: 'unclear', hint };
}
