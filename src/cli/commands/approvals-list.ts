import { setTimeout as sleep } from 'node:timers/promises';
import type { ApprovalSummary } from '../../contracts/index.ts';
import { safeName, safeText } from '../../control/index.ts';
import { tell, type Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { paint, renderTable, sayDuration } from '../output.ts';

/** Letters of an id that are shown; any unique beginning is understood. */
const SHORT_CHARS = 10;
export const TERMINAL_NOTE =
  'any program of this user can approve, until you enrol a passphrase: `hardshell approvals enrol`';

/** `hardshell approvals list`: what waits for an answer, and what is approved and on its way. */
export async function approvalsList(options: { readonly all: boolean }, context: Context): Promise<number> {
  const answer = await context.control().ask({ type: 'approvals_list', all: options.all });
  tell(context, { presence: answer.presence, approvals: answer.approvals }, () => {
    if (answer.approvals.length === 0) return [options.all ? 'nothing has been asked yet' : 'nothing waits for you'];
    const rows = answer.approvals.map((approval) => describeRow(approval, Date.now()));
    const lines = renderTable(context.io, ['ID', 'AGE', 'STATE', 'ACTION', 'GOES TO', 'RED'], rows);
    const hints = ['', 'hardshell approvals show ID      the whole of it, and then approve ID or deny ID'];
    return [
      ...lines,
      ...hints,
      ...(answer.presence === 'terminal' ? [paint(context.io, 'yellow', TERMINAL_NOTE)] : []),
    ];
  });
  return 0;
}

/** `hardshell approvals watch`: new questions as they come, until Ctrl-C or `forMs` have passed. */
export async function approvalsWatch(
  options: { readonly intervalMs: number; readonly forMs: number | null },
  context: Context,
): Promise<number> {
  const deadline = options.forMs === null ? Infinity : performance.now() + options.forMs;
  const seen = new Map<string, string>();
  if (!context.json && context.io.isTerminal) context.io.error('watching for questions; Ctrl-C ends it');
  for (;;) {
    const { approvals } = await context.control().ask({ type: 'approvals_list' });
    for (const approval of approvals.toReversed()) {
      const now = `${approval.state} ${approval.outbox?.state ?? ''}`;
      if (seen.get(approval.id) === now) continue;
      seen.set(approval.id, now);
      tell(context, approval, () => describeNews(context, approval));
    }
    const waitMs = Math.min(options.intervalMs, deadline - performance.now());
    if (waitMs <= 0 || !(await pause(waitMs, context.signal))) return 0;
  }
}

/** False when the person ended it. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return sleep(ms, true, { signal }).catch(() => false);
}

/** The one approval whose id begins with `given` (with or without `a_`). Throws a `Failure` when none or several do. */
export async function findApproval(given: string, context: Context): Promise<ApprovalSummary> {
  const wanted = given.startsWith('a_') ? given : `a_${given}`;
  if (!/^a_[a-z2-7]{1,26}$/.test(wanted))
    throw new Failure(`\`${safeText(given)}\` is not the id of an approval; see \`hardshell approvals list\``);
  const { approvals } = await context.control().ask({ type: 'approvals_list', all: true });
  const found = approvals.filter((approval) => approval.id.startsWith(wanted));
  const [first] = found;
  if (first === undefined)
    throw new Failure(`no approval begins with \`${wanted}\`; see \`hardshell approvals list --all\``, {
      code: 'not_found',
    });
  if (found.length > 1)
    throw new Failure(`${found.length} approvals begin with \`${wanted}\`; write more of it`, { code: 'ambiguous' });
  return first;
}

export function shortId(id: string): string {
  return id.slice(0, SHORT_CHARS);
}

/** Where it is, in words: expiry of a question, the outbox of what was approved. */
export function describeState(
  approval: Pick<ApprovalSummary, 'state' | 'expires_in_ms' | 'outbox' | 'method'>,
): string {
  const { state, outbox } = approval;
  if (state === 'pending')
    return approval.expires_in_ms === 0 ? 'expired' : `waits, ${sayDuration(approval.expires_in_ms)} left`;
  if (state !== 'approved')
    return state === 'denied' || approval.method === null ? state : `${state} (${approval.method})`;
  switch (outbox?.state) {
    case undefined:
      return 'approved, not executed yet';
    case 'intended':
      return `leaves in ${sayDuration(outbox?.dispatch_in_ms ?? 0)}, deny still wins`;
    case 'dispatched':
      return 'on its way';
    case 'succeeded':
      return 'done';
    case 'failed':
      return `approved, but it failed${sayReason(outbox?.reason ?? null)}`;
    case 'unknown':
      return 'approved, outcome unknown';
    default:
      return state;
  }
}

/** Reasons of the journal, as the owner reads them. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['denied', 'you denied it in time'],
  ['killed', 'everything was stopped'],
  ['policy_changed', 'the policy or another confirmed file had changed'],
  ['provider_error', 'the provider did not take it'],
  ['disk_failed', 'the disk failed'],
  ['not_dispatched', 'it never left'],
  ['params_mismatch', 'it was not what was approved'],
  ['restart', 'a restart came between'],
]);

function sayReason(reason: string | null): string {
  if (reason === null || reason === 'other') return '';
  return `: ${REASONS.get(reason) ?? safeName(reason)}`;
}

function describeRow(approval: ApprovalSummary, nowMs: number): string[] {
  const others = approval.destinations > 1 ? ` (+${approval.destinations - 1})` : '';
  const contact = approval.contact === null ? '' : ` (${safeText(approval.contact).slice(0, 30)})`;
  return [
    shortId(approval.id),
    sayDuration(nowMs - approval.asked_ms),
    describeState(approval),
    safeName(approval.action),
    `${safeText(approval.destination)}${contact}${others}`,
    approval.red.length > 0 ? 'RED' : '',
  ];
}

function describeNews(context: Context, approval: ApprovalSummary): string[] {
  const [id = '', , state = '', action = '', destination = '', red = ''] = describeRow(approval, Date.now());
  const line = `${id}  ${action} to ${destination}: ${state}`;
  const mark = red === '' ? '' : `${paint(context.io, 'red', 'RED')}  `;
  return approval.state === 'pending'
    ? [`${mark}${line}`, `            hardshell approvals show ${id}`]
    : [`${mark}${line}`];
}
