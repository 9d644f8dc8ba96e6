import {
  LIMITS,
  type Approval,
  type ApprovalSummary,
  type ControlAnswers,
  type ControlRequest,
} from '../../contracts/index.ts';
import { answerApproval, denyApproved, getApproval, listApprovals, reopenApproval } from '../../control/index.ts';
import { sql, type Tx } from '../../state/index.ts';
import { mintApproved, type Minted } from '../execute.ts';
import { moment } from '../judge.ts';
import { voidGrants } from '../grant.ts';
import { entryOfRequest, settle } from '../journal.ts';
import { orTakeBack, StepRefused, type ControlDesk } from './desk.ts';

type Request<T extends ControlRequest['type']> = Extract<ControlRequest, { type: T }>;

export function listQuestions(desk: ControlDesk, request: Request<'approvals_list'>): ControlAnswers['approvals_list'] {
  const approvals = listApprovals(desk.station.ledger.reader, { all: request.all ?? false, limit: 200 });
  return {
    type: 'approvals_list',
    presence: desk.presence.required(),
    approvals: approvals.map((approval) => summary(desk, approval)),
  };
}

export function showQuestion(desk: ControlDesk, request: Request<'approvals_show'>): ControlAnswers['approvals_show'] {
  const approval = find(desk, request.approval);
  const { content } = approval;
  return {
    type: 'approvals_show',
    approval: {
      ...approval,
      content: {
        ...content,
        destinations: [...content.destinations],
        payload: {
          ...content.payload,
          envelope: { from: content.payload.envelope.from, to: [...content.payload.envelope.to] },
          headers: content.payload.headers.map(([name, value]): [string, string] => [name, value]),
        },
        influence: Object.fromEntries(Object.entries(content.influence).map(([part, spans]) => [part, [...spans]])),
        sources: [...content.sources],
        red: content.red.map((mark) => (mark.kind === 'flow' ? { ...mark, recipients: [...mark.recipients] } : mark)),
      },
    },
    expires_in_ms: expiresIn(desk, approval),
    outbox: outboxOf(desk, approval),
    presence: desk.presence.required(),
    checkpoint: desk.log.head(),
  };
}

/** The answer of a person. An approval mints its grant in the same durable step, or is not recorded at all. */
export async function answerQuestion(
  desk: ControlDesk,
  request: Request<'approvals_answer'>,
): Promise<ControlAnswers['approvals_answer']> {
  const { verdict, ah } = request;
  const method = orTakeBack(desk.presence.check(request));
  const answered = await desk.station.ledger.commit((tx) =>
    verdict === 'approve'
      ? approve(desk, tx, {
          id: find(desk, request.approval).id,
          ah,
          method,
          ...(request.typed === undefined ? {} : { typed: request.typed }),
        })
      : deny(desk, tx, { id: find(desk, request.approval).id, ah, method }),
  );
  if (answered.minted !== null) {
    const token = await desk.key.sign(answered.minted.jti, answered.minted.terms);
    desk.tokens.put(answered.approval.request, token, desk.station.clock.bootMs() + LIMITS.grantTtlMs.value);
  } else {
    desk.tokens.forget(answered.approval.request);
  }
  wake(desk, answered.approval);
  return { type: 'approvals_answer', approval: summary(desk, answered.approval) };
}

interface Answered {
  readonly approval: Approval;
  readonly minted: Minted | null;
}

type Given = Omit<Parameters<typeof answerApproval>[1], 'verdict'>;

function approve(desk: ControlDesk, tx: Tx, given: Given): Answered {
  if (!desk.station.armed())
    throw new StepRefused({ error: 'killed', message: 'everything is stopped; run `hardshell revive` first' });
  const approval = orTakeBack(
    answerApproval(tx, { ...given, verdict: 'approve' }, moment(desk.station), { hash: desk.station.subjectHash }),
  );
  return { approval, minted: orTakeBack(mintApproved(desk.station, tx, approval)) };
}

/** A denial wins until the act is dispatched. */
function deny(desk: ControlDesk, tx: Tx, given: Given): Answered {
  const { station } = desk;
  const before = getApproval(tx, given.id);
  const ports = { hash: station.subjectHash };
  if (before?.state !== 'approved') {
    const approval = orTakeBack(answerApproval(tx, { ...given, verdict: 'deny' }, moment(station), ports));
    tx.run(sql.updateTable('requests').set({ state: 'denied' }).where('rid', '=', approval.request));
    return { approval, minted: null };
  }
  const entry = entryOfRequest(tx, before.request);
  const dispatched = entry !== undefined && entry.state !== 'intended';
  const approval = orTakeBack(denyApproved(tx, { ...given, dispatched }, moment(station), ports));
  if (entry !== undefined) settle(station, tx, entry.jti, 'failed', 'denied');
  voidGrants(station, tx, { rid: before.request }, 'denied');
  tx.run(sql.updateTable('requests').set({ state: 'denied' }).where('rid', '=', before.request));
  return { approval, minted: null };
}

/** Puts an expired question again; its session goes on so that somebody can execute what is approved. */
export async function reopenQuestion(
  desk: ControlDesk,
  request: Request<'approvals_reopen'>,
): Promise<ControlAnswers['approvals_reopen']> {
  const { id, session, request: rid } = find(desk, request.approval);
  const method = orTakeBack(desk.presence.check(request));
  const approval = await desk.station.ledger.commit((tx) => {
    const reopened = orTakeBack(
      reopenApproval(tx, { id, method }, moment(desk.station), { hash: desk.station.subjectHash }),
    );
    const expires = Math.ceil(reopened.expiresBootMs);
    tx.run(
      sql
        .updateTable('requests')
        .set({ state: 'pending', expires_boot_ms: expires, boot_id: reopened.bootId })
        .where('rid', '=', rid),
    );
    return reopened;
  });
  await desk.planners.reopen(session);
  wake(desk, approval);
  return { type: 'approvals_reopen', approval: summary(desk, approval) };
}

export function summary(desk: ControlDesk, approval: Approval): ApprovalSummary {
  const [first] = approval.content.destinations;
  return {
    id: approval.id,
    state: approval.state,
    rule: approval.rule,
    action: approval.action,
    zone: approval.content.zone,
    session: approval.session,
    ah: approval.ah,
    destination: first?.value ?? '',
    destinations: approval.content.destinations.length,
    contact: first?.contact ?? null,
    red: approval.content.red.map((mark) => mark.kind),
    asked_ms: approval.askedWallMs,
    expires_in_ms: expiresIn(desk, approval),
    answered_ms: approval.answeredWallMs,
    method: approval.method,
    outbox: outboxOf(desk, approval),
  };
}

function find(desk: ControlDesk, id: string): Approval {
  const approval = getApproval(desk.station.ledger.reader, id);
  if (approval === undefined)
    throw new StepRefused({ error: 'not_found', message: 'no such approval; see `hardshell approvals list --all`' });
  return approval;
}

function expiresIn(desk: ControlDesk, approval: Approval): number {
  const { clock } = desk.station;
  if (approval.state !== 'pending' || approval.bootId !== clock.bootId) return 0;
  return Math.max(0, Math.round(approval.expiresBootMs - clock.bootMs()));
}

function outboxOf(desk: ControlDesk, approval: Approval): ApprovalSummary['outbox'] {
  const entry = entryOfRequest(desk.station.ledger.reader, approval.request);
  if (entry === undefined) return null;
  const left = entry.state === 'intended' ? entry.dispatch_boot_ms - desk.station.clock.bootMs() : 0;
  return { state: entry.state, dispatch_in_ms: Math.max(0, Math.round(left)), reason: entry.reason };
}

function wake(desk: ControlDesk, approval: Approval): void {
  desk.notifier.notify(approval.request);
  desk.notifier.notify('outbox');
  desk.notifier.notify('approvals');
  desk.notifier.notify(`answer:${approval.session}`);
}
