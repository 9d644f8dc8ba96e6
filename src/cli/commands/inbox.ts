import type { ControlAnswers, Extract as Message, InboxItem } from '../../contracts/index.ts';
import {
  escapeLine,
  escapeLines,
  frame,
  safeName,
  safeText,
  styled,
  toTerminal,
  type RenderedLine,
} from '../../control/index.ts';
import { tell, type Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { cutText, renderTable, sayDuration } from '../output.ts';

/** Items asked for at once: with the longest subjects and notes that there can be, they still fit one frame. */
const PAGE = 40;

/** `hardshell inbox list`: newest first, what was found in each, and whether it is dealt with. */
export async function inboxList(options: { readonly limit: number }, context: Context): Promise<number> {
  const items: InboxItem[] = [];
  let next: string | null = null;
  do {
    const page = await readPage(Math.min(PAGE, options.limit - items.length), next, context);
    items.push(...page.items);
    next = page.next;
  } while (next !== null && items.length < options.limit);
  tell(context, { items, next }, () => describeList({ items, next }, options.limit, context));
  return 0;
}

function describeList({ items, next }: Pick<Page, 'items' | 'next'>, limit: number, context: Context): string[] {
  if (items.length === 0)
    return ['nothing has come in yet; put an `.eml` file into `mail/in`, or a chat export into `chats/telegram/in`'];
  const room = Math.max(20, Math.floor((context.io.columns - 54) / 2));
  const rows = items.map((item) => describeRow(item, room));
  return [
    ...renderTable(context.io, ['ID', 'AGE', 'CHANNEL', 'STATE', 'FROM (as claimed)', 'SUBJECT', ''], rows),
    '',
    'hardshell inbox show ID      the message as it was read',
    ...(next === null ? [] : [`older ones: hardshell inbox list --limit ${limit * 2}`]),
  ];
}

type Page = ControlAnswers['inbox_list'];

function readPage(limit: number, before: string | null, context: Context): Promise<Page> {
  return context.control().ask({ type: 'inbox_list', limit, ...(before === null ? {} : { before }) });
}

/** `hardshell inbox show ID`: the sanitized message, its findings and attachments; nothing in it can drive a terminal. */
export async function inboxShow(options: { readonly id: string }, context: Context): Promise<number> {
  const item = await findItem(options.id, context);
  const shown = await context.control().ask({ type: 'inbox_show', item: item.item });
  tell(context, { item: shown.item, message: shown.message }, () => [
    toTerminal({ lines: renderItem(shown) }, { colour: context.io.colour, width: context.io.columns }).trimEnd(),
  ]);
  return 0;
}

/** Letters of a whole id. */
const ID_CHARS = 28;

/** The item whose id begins with `given`. */
export async function findItem(given: string, context: Context): Promise<InboxItem> {
  const wanted = given.startsWith('k_') ? given : `k_${given}`;
  if (!/^k_[a-z2-7]{1,26}$/.test(wanted))
    throw new Failure(`\`${safeText(given)}\` is not the id of a message; see \`hardshell inbox list\``);
  if (wanted.length === ID_CHARS) return (await context.control().ask({ type: 'inbox_show', item: wanted })).item;
  let before: string | null = null;
  const found: InboxItem[] = [];
  do {
    const page = await readPage(PAGE, before, context);
    found.push(...page.items.filter((item) => item.item.startsWith(wanted)));
    before = page.next;
  } while (before !== null);
  const [first] = found;
  if (first === undefined)
    throw new Failure(`no message begins with \`${wanted}\`; see \`hardshell inbox list\``, { code: 'not_found' });
  if (found.length > 1)
    throw new Failure(`${found.length} messages begin with \`${wanted}\`; write more of it`, { code: 'ambiguous' });
  return first;
}

function describeRow(item: InboxItem, room: number): string[] {
  const state = item.state === 'read' ? (item.handled ? 'taken up' : 'read') : item.state;
  const mark = item.warned ? `WARNED (${item.findings})` : item.findings > 0 ? `${item.findings} findings` : '';
  return [
    item.item.slice(0, 10),
    sayDuration(Date.now() - item.received_ms),
    safeName(item.channel),
    state,
    cutText(safeText(item.from), room),
    cutText(safeText(item.subject), room),
    mark,
  ];
}

function renderItem({ item, message }: ControlAnswers['inbox_show']): RenderedLine[] {
  const head = [
    frame(
      styled('label', 'Message '),
      safeName(item.item),
      `  ${safeName(item.channel)}, came in ${new Date(item.received_ms).toISOString()}`,
    ),
    frame('  Behind a bar stands text that is not ours; what hides or poses as another letter is spelt out.'),
    ...(item.warned
      ? [frame(styled('danger', '  flagged by the reader: somebody may be trying to steer your agent'))]
      : []),
  ];
  if (message === null)
    return [
      ...head,
      data('from', item.from),
      data('subject', item.subject),
      frame(styled('warn', `  ${WHY_NONE[item.state]}`)),
    ];
  return [
    ...head,
    ...renderMessage(message),
    ...renderFindings(message),
    ...renderParts(message),
    ...renderSummary(item),
  ];
}

const WHY_NONE: Readonly<Record<InboxItem['state'], string>> = {
  received: 'no reader has read it yet',
  failed: 'no reader could read it; it is kept and given to nobody',
  read: 'what was read of it is no longer kept',
};

function data(tag: string, text: string): RenderedLine {
  return { kind: 'data', tag, segments: escapeLine(text) };
}

function renderMessage(message: Message): RenderedLine[] {
  return [
    data('from', message.from),
    ...message.to.map((to) => data('to', to)),
    data('subject', message.subject),
    data('date', message.date ?? 'none that can be read'),
    ...escapeLines(message.body).map((segments): RenderedLine => ({ kind: 'data', tag: 'body', segments })),
    ...(message.hidden_removed > 0
      ? [
          frame(
            styled('warn', `  ${message.hidden_removed} characters that a person would not have seen were taken out`),
          ),
        ]
      : []),
    ...(message.truncated
      ? [frame(styled('warn', `  cut: ${message.sanitized_length} of ${message.original_length} characters are kept`))]
      : []),
  ];
}

function renderFindings({ findings, injection_score }: Message): RenderedLine[] {
  if (findings.length === 0) return [frame(styled('label', 'Findings: '), 'none')];
  return [
    frame(styled('label', 'Findings '), `(score ${injection_score.toFixed(2)})`),
    ...findings.flatMap(({ rule, severity, span, why }) => [
      frame(
        '  ',
        styled(severity === 'high' ? 'danger' : severity === 'medium' ? 'warn' : 'plain', severity),
        ` ${safeName(rule)}, ${span.part} ${span.start} to ${span.end}`,
      ),
      data('why', why),
    ]),
  ];
}

function renderParts({ links, attachments }: Message): RenderedLine[] {
  return [
    ...links.flatMap(({ url, text }) => [data('link', text === '' ? '(no text)' : text), data('leads to', url)]),
    ...attachments.flatMap(({ name, type, bytes, sha256 }) => [
      data('attached', name),
      frame(`            ${safeName(type.replace('/', ' '))}, ${bytes} bytes, SHA-256 ${sha256}`),
    ]),
  ];
}

function renderSummary({ summary }: InboxItem): RenderedLine[] {
  if (summary === null) return [];
  return [
    frame(styled('warn', 'What the agent made of it: unverified, and possibly dictated by the message')),
    ...summary.split('\n').map((line) => data('claims', line)),
  ];
}
