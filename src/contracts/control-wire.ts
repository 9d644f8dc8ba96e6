import * as z from 'zod';
import { LIMITS } from './limits.ts';

/** What the owner's tools may ask on the control socket. A proof of presence rides on whatever needs one. */
const approvalId = z.string().regex(/^a_[a-z2-7]{26}$/);
const taskId = z.string().regex(/^t_[a-z2-7]{26}$/);
const contentId = z.string().regex(/^k_[a-z2-7]{26}$/);

const sessionId = z.string().regex(/^s_[a-z2-7]{26}$/);
/** Name of an agent's workspace: its session and its files go by it. */
export const workspaceSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/);

/** `terminal`: a person said yes on a terminal (checkout instances only). `passphrase`: an Ed25519 signature. */
export const presenceSchema = z.union([
  z.strictObject({ method: z.literal('terminal') }),
  z.strictObject({
    method: z.literal('passphrase'),
    nonce: z.string().max(64),
    expires_at: z.iso.datetime(),
    signature: z.base64().max(128),
  }),
]);
export type PresenceProof = z.infer<typeof presenceSchema>;

const contactSchema = z.strictObject({ address: z.string().max(254), name: z.string().max(100) });

export const CONTROL_REQUESTS = {
  status: z.strictObject({ type: z.literal('status') }),
  approvals_list: z.strictObject({ type: z.literal('approvals_list'), all: z.boolean().optional() }),
  approvals_show: z.strictObject({ type: z.literal('approvals_show'), approval: approvalId }),
  /** Answers the question whose hash is `ah`: an answer to other bytes is refused. `typed`: every address that a red act wants typed, separated by blanks. */
  approvals_answer: z.strictObject({
    type: z.literal('approvals_answer'),
    approval: approvalId,
    ah: z.string().regex(/^[0-9a-f]{64}$/),
    verdict: z.enum(['approve', 'deny']),
    typed: z.string().max(13_000).optional(),
    presence: presenceSchema,
  }),
  approvals_reopen: z.strictObject({
    type: z.literal('approvals_reopen'),
    approval: approvalId,
    presence: presenceSchema,
  }),
  /** A fresh nonce for a challenge. */
  presence_challenge: z.strictObject({ type: z.literal('presence_challenge') }),
  /** Enrols the public key of `keys/presence.json`; once enrolled, `terminal` never returns. */
  presence_enrol: z.strictObject({
    type: z.literal('presence_enrol'),
    public_key: z.base64().max(128),
    presence: presenceSchema,
  }),
  inbox_list: z.strictObject({
    type: z.literal('inbox_list'),
    limit: z.number().int().min(1).max(200),
    before: contentId.optional(),
  }),
  inbox_show: z.strictObject({ type: z.literal('inbox_show'), item: contentId }),
  /** Typed recipients are the only text of an instruction that names a destination. */
  instruct: z.strictObject({
    type: z.literal('instruct'),
    text: z.string().min(1).max(LIMITS.instructionCharsMax.value),
    to: z.array(z.string().max(254)).max(10).optional(),
    /** Joins this item to the session: the owner's own decision. */
    item: contentId.optional(),
    standing: z.boolean().optional(),
    presence: presenceSchema,
  }),
  instruct_status: z.strictObject({
    type: z.literal('instruct_status'),
    session: z.string().max(64),
    wait_ms: z.number().int().min(0).max(LIMITS.waitMsMax.value).optional(),
  }),
  /** What is scheduled, of all sessions. `after`: the `next` of the page before. */
  tasks_list: z.strictObject({ type: z.literal('tasks_list'), after: taskId.optional() }),
  tasks_delete: z.strictObject({ type: z.literal('tasks_delete'), task: taskId, presence: presenceSchema }),
  contacts_list: z.strictObject({ type: z.literal('contacts_list') }),
  contacts_put: z.strictObject({ type: z.literal('contacts_put'), contact: contactSchema, presence: presenceSchema }),
  contacts_remove: z.strictObject({
    type: z.literal('contacts_remove'),
    address: z.string().max(254),
    presence: presenceSchema,
  }),
  /** What would be confirmed: digest and difference in words of `policy`, `contacts` or `config`. */
  confirm_show: z.strictObject({ type: z.literal('confirm_show'), name: z.enum(['policy', 'contacts', 'config']) }),
  confirm: z.strictObject({
    type: z.literal('confirm'),
    name: z.enum(['policy', 'contacts', 'config']),
    digest: z.string().regex(/^[0-9a-f]{64}$/),
    presence: presenceSchema,
  }),
  /** Writes the confirmed text back to its file. What is in force stays as it is; `config` is in force in another form. */
  confirm_restore: z.strictObject({
    type: z.literal('confirm_restore'),
    name: z.enum(['policy', 'contacts']),
    presence: presenceSchema,
  }),
  /** Opens the session of an agent's workspace, or goes on with it, and serves its socket for a program to be started. */
  agent_open: z.strictObject({ type: z.literal('agent_open'), workspace: workspaceSchema }),
  /** Stays unanswered for as long as the session is served. Whoever asked going away ends that. */
  agent_hold: z.strictObject({ type: z.literal('agent_hold'), session: sessionId }),
  policy_explain: z.strictObject({ type: z.literal('policy_explain'), request: z.string().max(64) }),
  /** Recorded requests as policy saw them, for `policy replay`. */
  policy_records: z.strictObject({ type: z.literal('policy_records'), limit: z.number().int().min(1).max(1_000) }),
  checkpoint: z.strictObject({ type: z.literal('checkpoint') }),
  zones: z.strictObject({ type: z.literal('zones') }),
} as const;
export type ControlRequestType = keyof typeof CONTROL_REQUESTS;
export type ControlRequest = { [K in ControlRequestType]: z.infer<(typeof CONTROL_REQUESTS)[K]> }[ControlRequestType];
