import { toShownApproval, type ControlAnswers, type Verdict } from '../../contracts/index.ts';
import { frame, renderApproval, safeText, toJson, toTerminal, type Rendered } from '../../control/index.ts';
import { tell, type Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { sayDuration } from '../output.ts';
import { provePresence } from '../presence.ts';
import { describeState, findApproval, shortId, TERMINAL_NOTE } from './approvals-list.ts';

type Shown = ControlAnswers['approvals_show'];

/** `hardshell approvals show ID`: exactly what would be sent and what it was influenced by. */
export async function approvalsShow(options: { readonly id: string }, context: Context): Promise<number> {
  const { shown, rendered } = await load(options.id, context);
  tell(
    context,
    {
      ...toJson(rendered),
      approval: shown.approval,
      outbox: shown.outbox,
      expires_in_ms: shown.expires_in_ms,
      checkpoint: shown.checkpoint,
    },
    () => [draw(rendered, shown, context), ...nextSteps(shown)],
  );
  return 0;
}

export interface AnswerOptions {
  readonly id: string;
  readonly yes: boolean;
  /** Addresses that a red act wants typed. */
  readonly typed: readonly string[];
  readonly passphraseFd?: number | undefined;
}

/** `hardshell approvals approve ID`: shows the whole of it, then asks. 1 when it was not approved. */
export async function approvalsApprove(options: AnswerOptions, context: Context): Promise<number> {
  const { shown, rendered } = await load(options.id, context);
  const { approval } = shown;
  if (approval.state !== 'pending')
    throw new Failure(`it is already ${approval.state}; see \`hardshell approvals list --all\``, {
      code: 'token_used',
    });
  if (context.prompt.interactive) (context.json ? context.io.error : context.io.write)(draw(rendered, shown, context));
  const typed = await payAttention(rendered, options, context);
  if (typed === null) return declined(context);
  const request = {
    type: 'approvals_answer',
    approval: approval.id,
    ah: approval.ah,
    verdict: 'approve',
    ...(typed === '' ? {} : { typed }),
  } as const;
  const question = typed === '' ? `send this to ${whom(shown)}?` : null;
  const presence = await provePresence(context, request, {
    yes: options.yes,
    passphraseFd: options.passphraseFd,
    question,
  });
  if (presence === null) return declined(context);
  const answered = await context.control().ask({ ...request, presence });
  tell(context, answered.approval, () => describeApproved(shown, answered.approval));
  return 0;
}

/** `hardshell approvals deny ID`: needs no proof, and wins until the act has left. */
export async function approvalsDeny(options: { readonly id: string }, context: Context): Promise<number> {
  const { id, ah } = await findApproval(options.id, context);
  const { approval } = await context.control().ask({
    type: 'approvals_answer',
    approval: id,
    ah,
    verdict: 'deny' satisfies Verdict,
    presence: { method: 'terminal' },
  });
  tell(context, approval, () => [`denied ${shortId(id)}; nothing is sent`]);
  return 0;
}

/** `hardshell approvals reopen ID`: asks an expired question again. */
export async function approvalsReopen(options: Omit<AnswerOptions, 'typed'>, context: Context): Promise<number> {
  const { id } = await findApproval(options.id, context);
  const request = { type: 'approvals_reopen', approval: id } as const;
  const presence = await provePresence(context, request, { ...options, question: null });
  if (presence === null) return declined(context);
  const { approval } = await context.control().ask({ ...request, presence });
  tell(context, approval, () => [
    `${shortId(id)} ${describeState(approval)}; look at it with \`hardshell approvals show ${shortId(id)}\``,
  ]);
  return 0;
}

async function load(given: string, context: Context): Promise<{ shown: Shown; rendered: Rendered }> {
  const { id } = await findApproval(given, context);
  const shown = await context.control().ask({ type: 'approvals_show', approval: id });
  const approval = toShownApproval(shown.approval);
  const waits = shown.outbox?.state === 'intended';
  const rendered = renderApproval(approval, {
    ...(approval.state === 'pending' ? { expiresInMs: shown.expires_in_ms } : {}),
    ...(waits ? { dispatchInMs: shown.outbox?.dispatch_in_ms ?? 0 } : {}),
  });
  return { shown, rendered };
}

function draw(rendered: Rendered, shown: Shown, context: Context): string {
  const { checkpoint } = shown;
  const [head = frame(''), ...rest] = rendered.lines;
  const log = checkpoint === null ? [] : [frame(`  log when shown: ${checkpoint.size}:${checkpoint.root}`)];
  return toTerminal(
    { lines: [head, ...log, ...rest] },
    { colour: context.io.colour, width: context.io.columns },
  ).trimEnd();
}

/** What was typed as act of attention: empty where none is asked for, null when they declined. */
async function payAttention(rendered: Rendered, options: AnswerOptions, context: Context): Promise<string | null> {
  if (rendered.typed.length === 0) return '';
  if (options.typed.length > 0) return options.typed.join(' ');
  if (!context.prompt.interactive) {
    throw new Failure('this act is red; give every marked address with `--typed ADDRESS`, or answer at a terminal', {
      code: 'presence_required',
    });
  }
  const what =
    rendered.typed.length === 1
      ? 'the address it goes to'
      : `the ${rendered.typed.length} marked addresses, with blanks between`;
  const typed = (await context.prompt.line(`RED. To approve, type ${what}: `))?.trim() ?? '';
  return typed === '' ? null : typed;
}

function whom(shown: Shown): string {
  const [first, ...others] = shown.approval.content.destinations;
  return `${safeText(first?.value ?? 'nobody')}${others.length > 0 ? ` and ${others.length} more` : ''}`;
}

function declined(context: Context): number {
  if (context.json) context.io.write(JSON.stringify({ ok: false, error: 'declined', message: 'not answered' }));
  else context.io.error('not answered; the question waits on');
  return 1;
}

function describeApproved(shown: Shown, after: ControlAnswers['approvals_answer']['approval']): string[] {
  const id = shortId(after.id);
  const wait =
    shown.approval.delayMs === 0
      ? 'it is sent as soon as the agent asks for it'
      : `it leaves ${sayDuration(shown.approval.delayMs)} after the agent sends it`;
  return [`approved ${id}: ${wait}`, `changed your mind? until it has left, \`hardshell approvals deny ${id}\` wins`];
}

function nextSteps({ approval, presence }: Shown): string[] {
  const id = shortId(approval.id);
  if (approval.state === 'expired') return ['', `hardshell approvals reopen ${id}    asks again`];
  if (approval.state !== 'pending') return [];
  return [
    '',
    `hardshell approvals approve ${id}`,
    `hardshell approvals deny ${id}`,
    ...(presence === 'terminal' ? [TERMINAL_NOTE] : []),
  ];
}
