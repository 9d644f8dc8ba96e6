import type { ItemDelivery, Params, Refused } from '../../bridge/index.ts';
import type { ContentRef } from '../../contracts/index.ts';
import { scheduledData } from '../tasks.ts';
import { classify } from '../triage/classify.ts';
import { replySubject } from '../triage/reply.ts';
import { clip } from '../triage/summarise.ts';
import { describe } from '../triage/triage-item.ts';
import type { Plan, Proposal, Tools, Work } from '../work.ts';
import { itemsOf, linesOf, type ItemLine } from './items.ts';
import type { MailWords } from './mail-words.ts';
import { parseInstruction, type Instruction } from './parse-instruction.ts';
import type { Schedule } from './schedule-words.ts';

export const HELP =
  'Without a model I understand: `list inbox`, `search WORDS`, `read c_…`, `summarise c_…`, `reply to c_… text "…"`, ' +
  '`send to ann@example.org subject "…" text "…"`, `draft to … subject "…" text "…"`, `send d_…`, ' +
  '`every day at 9:00 list inbox`, `in 10 minutes …`, `tasks`, `delete task t_…`. Whatever goes out waits for your approval.';

type InstructionWork = Extract<Work, { kind: 'instruction' }>;

/** Does what the owner typed, as far as a few verbs go: reads at once, proposes what would go out. */
export async function followInstruction(work: InstructionWork, tools: Tools): Promise<Plan> {
  const instruction = parseInstruction(work.instruction.text, tools.nowMs());
  switch (instruction.kind) {
    case 'list':
      return await listed(tools, 'read_email', { limit: instruction.limit });
    case 'search':
      return await listed(tools, 'search_emails', { query: instruction.query, limit: 10 });
    case 'read':
    case 'summarise':
      return await withItem(work, tools, instruction.ref, (item) => answer(shown(item, instruction.kind)));
    case 'mail':
      return instruction.action === 'draft_email'
        ? await drafted(tools, instruction.mail)
        : proposed(mailParams(instruction.mail));
    case 'send_draft':
      return proposed({ draft: instruction.draft });
    case 'reply':
      return await withItem(work, tools, instruction.ref, (item) => replied(item, instruction.body));
    case 'profile':
      return await profile(tools);
    case 'schedule':
      return await scheduled(tools, instruction.schedule);
    case 'tasks':
      return await taskList(tools);
    case 'delete_task':
      return await deleted(tools, instruction);
    case 'unclear':
      return answer(
        instruction.hint === null ? `I did not understand that. ${HELP}` : `I need a little more: ${instruction.hint}.`,
      );
    default:
      return instruction satisfies never;
  }
}

async function listed(tools: Tools, action: string, params: Params): Promise<Plan> {
  const result = await tools.call(action, params);
  if (result.kind === 'refused') return answer(sentenceOf(result));
  const lines = linesOf(result.value);
  return answer(lines.length === 0 ? 'There are no messages to show.' : lines.map(lineOf).join('\n'));
}

async function withItem(
  work: InstructionWork,
  tools: Tools,
  ref: ContentRef | 'joined',
  then: (item: ItemDelivery) => Plan,
): Promise<Plan> {
  if (ref === 'joined') {
    const item = work.items.at(-1);
    return item === undefined
      ? answer('No message is joined to this instruction; name one by its reference, such as `c_…`.')
      : then(item);
  }
  const joined = work.items.find((item) => item.contentRef === ref);
  if (joined !== undefined) return then(joined);
  const result = await tools.call('read_email', { content_ref: ref });
  if (result.kind === 'refused') return answer(sentenceOf(result));
  const [item] = itemsOf(result.value);
  return item === undefined ? answer('That message could not be read.') : then(item);
}

async function drafted(tools: Tools, mail: MailWords): Promise<Plan> {
  const result = await tools.call('draft_email', mailParams(mail));
  if (result.kind === 'refused') return answer(sentenceOf(result));
  const id = Object.values(result.value).find((value) => typeof value === 'string' && value.startsWith('d_'));
  return answer(
    typeof id === 'string'
      ? `The draft is kept as ${id}. To ask for sending it: \`send ${id}\`.`
      : 'The draft is kept.',
  );
}

async function profile(tools: Tools): Promise<Plan> {
  const result = await tools.call('get_profile', {});
  return answer(result.kind === 'refused' ? sentenceOf(result) : clip(JSON.stringify(result.value), 2_000));
}

async function scheduled(tools: Tools, schedule: Schedule): Promise<Plan> {
  const due = new Date(schedule.dueMs).toISOString();
  const cron = schedule.cron === null ? {} : { cron: schedule.cron };
  const put = await tools.putTask({ priority: 5, due, ...cron, data: scheduledData(schedule.text) });
  if (put.kind === 'refused') return answer(sentenceOf(put));
  return answer(
    `Kept as ${put.value}: \`${clip(schedule.text, 200)}\`, ${schedule.cron === null ? 'once at' : 'again and again, first at'} ${due}.`,
  );
}

async function taskList(tools: Tools): Promise<Plan> {
  const tasks = await tools.tasks();
  if (tasks.kind === 'refused') return answer(sentenceOf(tasks));
  const lines = tasks.value.flatMap(({ task, due, cron, data: { kind, text } }) =>
    kind === 'scheduled' && typeof text === 'string'
      ? [`${task}  ${due ?? (cron === null ? '(done)' : '-')}  ${cron ?? 'once'}  ${clip(text, 100)}`]
      : [],
  );
  return answer(lines.length === 0 ? 'Nothing is scheduled.' : lines.join('\n'));
}

async function deleted(tools: Tools, { task }: Extract<Instruction, { kind: 'delete_task' }>): Promise<Plan> {
  const result = await tools.deleteTask(task);
  return answer(result.kind === 'refused' ? sentenceOf(result) : `${task} is deleted.`);
}

function mailParams(mail: MailWords): Params {
  const others = { ...(mail.cc.length > 0 ? { cc: mail.cc } : {}), ...(mail.bcc.length > 0 ? { bcc: mail.bcc } : {}) };
  return { to: mail.to, ...others, subject: mail.subject, body: mail.body };
}

function replied(item: ItemDelivery, body: string): Plan {
  const { channel } = item.message;
  if (channel === 'email') return proposed(replyParams(item, body));
  return answer(
    `That message came by ${channel}, and this version sends nothing there. To write a mail instead: \`send to ADDRESS subject "…" text "…"\`.`,
  );
}

function replyParams(item: ItemDelivery, body: string): Params {
  return {
    to: [{ ref: `${item.contentRef}#/from` }],
    subject: replySubject(item.message),
    body,
    in_reply_to: item.contentRef,
  };
}

function proposed(params: Params): Plan {
  const proposal: Proposal = { action: 'send_email', params, rationale: 'You asked for this mail.' };
  return {
    engine: 'rules',
    category: null,
    text: 'The mail is proposed and waits for your approval (`approvals list`).',
    proposals: [proposal],
  };
}

function shown(item: ItemDelivery, kind: 'read' | 'summarise'): string {
  const { message } = item;
  const category = classify(message);
  if (kind === 'summarise') return describe(message, category);
  const warning = category === 'suspicious' ? 'The reader found signs of manipulation in this message.\n' : '';
  return `${warning}From: ${message.from}\nSubject: ${message.subject}\nDate: ${message.date ?? '(none)'}\n\n${message.body}`;
}

function lineOf(line: ItemLine): string {
  return `${line.warned ? '! ' : ''}${line.ref ?? '-'}  ${line.date ?? '-'}  ${clip(line.from, 60)}  ${clip(line.subject, 100)}`;
}

function sentenceOf(refusal: Refused): string {
  return `Zone 1 refused that (${refusal.error}): ${refusal.message}.`;
}

function answer(text: string): Plan {
  return { engine: 'rules', category: null, text, proposals: [] };
}
