import {
  LIMITS,
  refused,
  WIRE_REQUESTS,
  type Json,
  type Outcome,
  type WireRequest,
  type WireRequestType,
} from '../contracts/index.ts';
import { sql, type Reader, type Tables } from '../state/index.ts';
import { ask, execute } from './execute.ts';
import { entryOfRequest } from './journal.ts';
import { findSession, type Session } from './sessions.ts';
import { deleteTask, listTasks, putTask, taskFrame } from './tasks.ts';
import { errorOf } from './wire-answer.ts';
import { itemDone, nextInstruction, nextItem } from './zone-deliveries.ts';
import type { ZoneDesk } from './zone-desk.ts';

/** Every session that is served here is a planner's; which one is said by `hello`. */
const ZONE = 'zone2-planner';

/**
 * Answers one message of the zone that is served on the socket of session `sid`. Who asks is which socket it came in
 * on; nothing in the message can say otherwise.
 */
export async function answerZone(
  desk: ZoneDesk,
  sid: string,
  frame: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<object> {
  const request = parseRequest(frame);
  if (!request.ok) return errorOf(request.refusal);
  // A sign of life costs no look-up; the listener of an ended session is closed.
  if (request.value.type === 'ping') return { type: 'pong', zone: ZONE };
  const session = findSession(desk.station.ledger.reader, sid);
  if (session === undefined || !session.open) return errorOf({ error: 'not_found', message: 'the session has ended' });
  if (request.value.type !== 'hello' && !desk.station.armed()) {
    return errorOf({ error: 'killed', message: 'everything is stopped; the owner has to revive it at the machine' });
  }
  return isCostly(request.value.type)
    ? patiently(desk, session, () => answer(desk, session, request.value, signal))
    : answer(desk, session, request.value, signal);
}

/** What makes the executor resolve, decide, follow a calendar or write also when it refuses. */
function isCostly(type: WireRequestType): boolean {
  return type === 'capability_request' || type === 'execute' || type === 'task_put';
}

async function patiently(desk: ZoneDesk, session: Session, work: () => Promise<object>): Promise<object> {
  const borne = await desk.patience.bear(session, work);
  return borne.ok ? borne.value : errorOf(borne.refusal);
}

function parseRequest(frame: Readonly<Record<string, unknown>>): Outcome<WireRequest> {
  const type = frame['type'];
  if (typeof type !== 'string') return refused('malformed', '`type` is missing');
  if (!isRequestType(type)) return refused('unknown_type', 'no such message type');
  const parsed = WIRE_REQUESTS[type].safeParse(frame);
  if (parsed.success) return { ok: true, value: parsed.data };
  const [issue] = parsed.error.issues;
  const path = issue?.path.map(String).join('.').slice(0, 100) ?? '';
  if (issue?.code === 'unrecognized_keys') return refused('malformed', `\`${type}\` has a field that it does not know`);
  return refused('malformed', `\`${path}\` of \`${type}\` is not what it must be`);
}

function isRequestType(type: string): type is WireRequestType {
  return Object.hasOwn(WIRE_REQUESTS, type);
}

async function answer(desk: ZoneDesk, session: Session, request: WireRequest, signal: AbortSignal): Promise<object> {
  switch (request.type) {
    case 'hello':
      return request.v === 1
        ? { type: 'hello', v: 1, zone: session.zone, session: session.sid }
        : errorOf({ error: 'unknown_version', message: 'only version 1 is spoken here' });
    case 'ping':
      return { type: 'pong', zone: ZONE };
    case 'capability_request':
      return capabilityRequest(desk, session, request);
    case 'approval_status':
      return approvalStatus(desk, session, request, signal);
    case 'execute':
      return executeRequest(desk, session, request, signal);
    case 'next_item':
      return nextItem(desk, session, request.wait_ms ?? 0, signal);
    case 'item_done':
      return itemDone(desk, session, request.content_ref);
    case 'next_instruction':
      return nextInstruction(desk, session, request.wait_ms ?? 0, signal);
    case 'task_put': {
      const put = await desk.station.ledger.commit((tx) => putTask(desk.station, tx, session.sid, request));
      desk.notifier.notify(`answer:${session.sid}`);
      return put.ok ? { type: 'task', task: put.value } : errorOf(put.refusal);
    }
    case 'task_list':
      return { type: 'tasks', tasks: listTasks(desk.station.ledger.reader, session.sid).map(taskFrame) };
    case 'task_delete': {
      const gone = await desk.station.ledger.commit((tx) => deleteTask(tx, session.sid, request.task));
      return gone.ok ? { type: 'task', task: request.task } : errorOf(gone.refusal);
    }
  }
}

async function capabilityRequest(
  desk: ZoneDesk,
  session: Session,
  request: Extract<WireRequest, { type: 'capability_request' }>,
): Promise<object> {
  const asked = await ask(desk.station, session, {
    action: request.action,
    params: request.params,
    rationale: request.rationale ?? '',
  });
  if (!asked.ok) return errorOf(asked.refusal);
  if (asked.value.kind === 'allowed') {
    const token = await desk.key.sign(asked.value.minted.jti, asked.value.minted.terms);
    return {
      type: 'capability_response',
      request_id: asked.value.rid,
      decision: 'allowed',
      requires_approval: false,
      params_hash: asked.value.qh,
      token,
    };
  }
  desk.notifier.notify('approvals');
  const leftMs = Math.max(0, asked.value.approval.expiresBootMs - desk.station.clock.bootMs());
  return {
    type: 'capability_response',
    request_id: asked.value.rid,
    decision: 'pending_approval',
    requires_approval: true,
    params_hash: asked.value.qh,
    expires_at: new Date(desk.station.clock.wallMs() + leftMs).toISOString(),
  };
}

/** Waits while nothing has been answered, or while an act is on its way, and then says what stands. */
async function approvalStatus(
  desk: ZoneDesk,
  session: Session,
  request: Extract<WireRequest, { type: 'approval_status' }>,
  signal: AbortSignal,
): Promise<object> {
  const deadline = performance.now() + (request.wait_ms ?? 0);
  for (;;) {
    const status = statusOf(desk, session, request.request_id);
    if (status === undefined) return errorOf({ error: 'not_found', message: 'no such request in this session' });
    const settled = status.status !== 'pending' && status.outcome !== 'queued' && status.outcome !== 'dispatched';
    if (settled || !(await desk.notifier.wait(request.request_id, deadline - performance.now(), signal))) {
      return { type: 'approval_status', ...status };
    }
  }
}

interface Status {
  readonly status: 'pending' | 'approved' | 'denied' | 'expired' | 'cancelled';
  readonly token?: string;
  readonly outcome?: string;
}

function statusOf(desk: ZoneDesk, session: Session, rid: string): Status | undefined {
  const { reader } = desk.station.ledger;
  const request = reader.get(
    sql.selectFrom('requests').selectAll().where('rid', '=', rid).where('sid', '=', session.sid),
  );
  if (request === undefined) return undefined;
  const approval = reader.get(sql.selectFrom('approvals').select('state').where('rid', '=', rid));
  if (approval !== undefined && approval.state !== 'approved') {
    return { status: approval.state, ...outcomeOf(reader, rid) };
  }
  if (request.state === 'allowed' || request.state === 'approved') {
    const token = desk.tokens.get(rid);
    if (token !== undefined) return { status: 'approved', token };
    // The approval is on the disk and its token is being signed: whoever polled just now asks once more.
    return { status: request.state === 'approved' && hasLiveGrant(desk, rid) ? 'pending' : 'expired' };
  }
  if (request.state === 'executed') return { status: 'approved', ...outcomeOf(reader, rid) };
  return { status: request.state };
}

function hasLiveGrant(desk: ZoneDesk, rid: string): boolean {
  const { clock, ledger } = desk.station;
  const grant = ledger.reader.get(
    sql
      .selectFrom('grants')
      .select(['expires_boot_ms', 'boot_id'])
      .where('rid', '=', rid)
      .where('state', '=', 'minted'),
  );
  return grant !== undefined && grant.boot_id === clock.bootId && clock.bootMs() < grant.expires_boot_ms;
}

function outcomeOf(reader: Reader, rid: string): { outcome?: string } {
  const entry = entryOfRequest(reader, rid);
  return entry === undefined ? {} : { outcome: outcomeWord(entry) };
}

function outcomeWord(entry: Tables['journal']): string {
  if (entry.state === 'intended') return 'queued';
  return entry.state === 'failed' && entry.reason === 'denied' ? 'denied' : entry.state;
}

async function executeRequest(
  desk: ZoneDesk,
  session: Session,
  request: Extract<WireRequest, { type: 'execute' }>,
  signal: AbortSignal,
): Promise<object> {
  const done = await execute(desk.station, desk.key, session, {
    token: request.token,
    action: request.action,
    params: request.params as Json,
  });
  if (!done.ok) return errorOf(done.refusal);
  if (done.value.kind === 'done') return { type: 'result', ok: true, value: done.value.value };
  const { entry } = done.value;
  desk.tokens.forget(entry.rid);
  desk.notifier.notify('outbox');
  desk.notifier.notify(entry.rid);
  if (entry.dispatch_boot_ms > desk.station.clock.bootMs()) {
    return {
      type: 'result',
      ok: true,
      value: { state: 'queued', dispatch_at: new Date(entry.dispatch_ms).toISOString() },
    };
  }
  return finalResult(desk, entry.rid, signal);
}

/** An act without a delay is answered with its end. */
async function finalResult(desk: ZoneDesk, rid: string, signal: AbortSignal): Promise<object> {
  const deadline = performance.now() + LIMITS.waitMsMax.value;
  for (;;) {
    const entry = entryOfRequest(desk.station.ledger.reader, rid);
    if (entry?.state === 'succeeded') return { type: 'result', ok: true, value: { state: 'succeeded' } };
    if (entry?.state === 'failed') return errorOf({ error: 'provider_error', message: 'the act was not done' });
    if (entry?.state === 'unknown' || !(await desk.notifier.wait(rid, deadline - performance.now(), signal))) {
      return errorOf({ error: 'outcome_unknown', message: 'whether the act was done is not known; the owner is told' });
    }
  }
}
