import * as z from 'zod';
import { AUDIT_MODES } from './audit-event.ts';
import { statusSchema } from './control-status.ts';
import type { Approval } from './approval.ts';
import {
  approvalId,
  contentId,
  inboxItem,
  instructionState,
  scheduledTask,
  sessionId,
  taskId,
} from './control-items.ts';
import { extractSchema } from './extract.ts';

/**
 * What the executor answers on the control socket; an answer's `type` is that of its request, a refusal is the wire's
 * own `error` frame. The owner's tools parse every answer with these. Texts from messages are data: whoever draws them
 * goes through the renderer.
 */
const text = z.string();
const count = z.number().int().min(0);
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const requestId = z.string().regex(/^r_[a-z2-7]{26}$/);
const presence = z.enum(['terminal', 'passphrase', 'passkey']);
const method = z.enum(['terminal', 'passphrase', 'passkey', 'timeout', 'system']);
const approvalState = z.enum(['pending', 'approved', 'denied', 'expired', 'cancelled']);
const zone = z.string().max(100);

const span = z.strictObject({ start: count, end: count, source: count });

const redMark = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('flow'), sources: count, recipients: z.array(text) }),
  z.strictObject({ kind: z.literal('untrusted_destination'), role: text, value: text }),
  z.strictObject({ kind: z.literal('injection_warning'), sources: count }),
]);

const approvalContent = z.strictObject({
  action: text,
  zone,
  destinations: z.array(
    z.strictObject({
      role: text,
      value: text,
      audience: z.enum(['self', 'contact', 'unknown', 'group', 'public', 'service']),
      named: z.boolean(),
      contact: text.nullable(),
    }),
  ),
  payload: z.strictObject({
    kind: z.literal('mail'),
    envelope: z.strictObject({ from: text, to: z.array(text) }),
    headers: z.array(z.tuple([text, text])),
    body: text,
    bytes: count,
  }),
  influence: z.record(z.string(), z.array(span)),
  sources: z.array(z.strictObject({ channel: text, from: text, subject: text, warned: z.boolean() })),
  label: z.strictObject({
    integrity: z.enum(['trusted', 'untrusted']),
    confidentiality: z.enum(['public', 'private', 'secret']),
  }),
  reversibility: z.enum(['nothing to take back', 'can be deleted', 'cannot be taken back']),
  red: z.array(redMark),
  rationale: text,
});

/** An approval in full, as the executor sends it to be shown. */
export const approvalSchema = z.strictObject({
  id: approvalId,
  request: requestId,
  session: sessionId,
  state: approvalState,
  rule: z.enum(['owner', 'passkey', '2-of-3']),
  action: text,
  wh: digest,
  ah: digest,
  content: approvalContent,
  delayMs: count,
  askedWallMs: z.number(),
  expiresBootMs: z.number(),
  bootId: text,
  answeredWallMs: z.number().nullable(),
  method: method.nullable(),
});

/** The wire's shape as the inside one; the ids were checked by their pattern. */
export function toShownApproval(sent: z.infer<typeof approvalSchema>): Approval {
  return {
    ...sent,
    id: sent.id as Approval['id'],
    request: sent.request as Approval['request'],
    session: sent.session as Approval['session'],
  };
}

/** Where an approved act is: waiting (a denial still wins), or on its way and beyond. Null: not executed yet. */
const outbox = z
  .strictObject({
    state: z.enum(['intended', 'dispatched', 'succeeded', 'failed', 'unknown']),
    /** Milliseconds until dispatch; 0 once dispatched. */
    dispatch_in_ms: count,
    /** Why it ended as it did, in a word of ours; null before its end. */
    reason: z.string().max(64).nullable(),
  })
  .nullable();

/** One line of the list. Bodies come with `approvals_show` only, so that a list fits one frame. */
const approvalSummary = z.strictObject({
  id: approvalId,
  state: approvalState,
  rule: z.enum(['owner', 'passkey', '2-of-3']),
  action: text,
  zone,
  session: sessionId,
  ah: digest,
  /** First destination, and how many there are. */
  destination: text,
  destinations: count,
  /** Name of the contact of the first destination. */
  contact: text.nullable(),
  red: z.array(z.enum(['flow', 'untrusted_destination', 'injection_warning'])),
  asked_ms: z.number(),
  /** Milliseconds until a pending question expires; 0 for others. */
  expires_in_ms: count,
  answered_ms: z.number().nullable(),
  method: method.nullable(),
  outbox,
});

const contact = z.strictObject({ address: z.string().max(254), name: z.string().max(100) });
const named = z.enum(['policy', 'contacts', 'config']);

const contacts = { contacts: z.array(contact), confirmed: z.boolean() };
const answered = { approval: approvalSummary };

export const CONTROL_ANSWERS = {
  status: statusSchema,
  approvals_list: z.strictObject({ type: z.literal('approvals_list'), presence, approvals: z.array(approvalSummary) }),
  approvals_show: z.strictObject({
    type: z.literal('approvals_show'),
    approval: approvalSchema,
    expires_in_ms: count,
    outbox,
    presence,
    /** Size and root of the log when this was shown, so that the owner holds a checkpoint. */
    checkpoint: z.strictObject({ size: count, root: digest }).nullable(),
  }),
  approvals_answer: z.strictObject({ type: z.literal('approvals_answer'), ...answered }),
  approvals_reopen: z.strictObject({ type: z.literal('approvals_reopen'), ...answered }),
  presence_challenge: z.strictObject({
    type: z.literal('presence_challenge'),
    nonce: z.string().min(16).max(64),
    expires_at: z.iso.datetime(),
    presence,
  }),
  presence_enrol: z.strictObject({ type: z.literal('presence_enrol'), presence }),
  inbox_list: z.strictObject({
    type: z.literal('inbox_list'),
    items: z.array(inboxItem),
    /** Pass as `before` for the next, older page. */
    next: contentId.nullable(),
  }),
  /** `message` is null until a reader has read it, or when none could. */
  inbox_show: z.strictObject({ type: z.literal('inbox_show'), item: inboxItem, message: extractSchema.nullable() }),
  instruct: z.strictObject({ type: z.literal('instruct'), session: sessionId }),
  instruct_status: z.strictObject({
    type: z.literal('instruct_status'),
    state: instructionState,
    /** The planner's words: untrusted. */
    answer: text.nullable(),
    approvals: z.array(approvalId),
  }),
  /** `next`: pass as `after` for the next page. */
  tasks_list: z.strictObject({
    type: z.literal('tasks_list'),
    tasks: z.array(scheduledTask),
    next: taskId.nullable(),
  }),
  tasks_delete: z.strictObject({ type: z.literal('tasks_delete'), task: taskId }),
  contacts_list: z.strictObject({ type: z.literal('contacts_list'), ...contacts }),
  contacts_put: z.strictObject({ type: z.literal('contacts_put'), ...contacts }),
  contacts_remove: z.strictObject({ type: z.literal('contacts_remove'), ...contacts }),
  confirm_show: z.strictObject({
    type: z.literal('confirm_show'),
    name: named,
    digest,
    /** False: the file is the confirmed one. */
    changed: z.boolean(),
    words: z.array(text),
    /** Why the file cannot be confirmed as it stands; empty: it can. */
    problems: z.array(text),
  }),
  confirm: z.strictObject({ type: z.literal('confirm'), name: named, digest }),
  confirm_restore: z.strictObject({ type: z.literal('confirm_restore'), name: named, digest }),
  /** Where the socket lies on the host, and the uid that a program needs to reach it (null: ours). */
  agent_open: z.strictObject({
    type: z.literal('agent_open'),
    session: sessionId,
    name: zone,
    uid: z.number().int().nullable(),
    socket_dir: text,
    model_dir: text.nullable(),
  }),
  agent_hold: z.strictObject({ type: z.literal('agent_hold'), ended: z.enum(['session_closed', 'stopped']) }),
  policy_explain: z.strictObject({
    type: z.literal('policy_explain'),
    request: requestId,
    action: text,
    outcome: z.enum(['allow', 'deny', 'require_approval']),
    words: z.array(text),
    rules: z.array(text),
  }),
  /** `facts` is a `DecisionRequest`, `decision` the `Decision` then made, as stored. Newest first. */
  policy_records: z.strictObject({
    type: z.literal('policy_records'),
    records: z.array(
      z.strictObject({
        request: requestId,
        at_ms: z.number(),
        facts: z.record(z.string(), z.unknown()),
        decision: z.record(z.string(), z.unknown()),
      }),
    ),
  }),
  checkpoint: z.strictObject({ type: z.literal('checkpoint'), size: count, root: digest, note: text }),
  zones: z.strictObject({
    type: z.literal('zones'),
    zones: z.array(
      z.strictObject({
        name: zone,
        session: sessionId.nullable(),
        socket: text.nullable(),
        mode: z.enum(AUDIT_MODES),
        running: z.boolean(),
      }),
    ),
  }),
} as const;

export type ControlAnswers = { [K in keyof typeof CONTROL_ANSWERS]: z.infer<(typeof CONTROL_ANSWERS)[K]> };
export type ApprovalSummary = z.infer<typeof approvalSummary>;
