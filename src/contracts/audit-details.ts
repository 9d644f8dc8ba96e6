import * as z from 'zod';
import { EGRESS_CLIENTS, EGRESS_REASONS, type EgressReason } from './egress-reasons.ts';

// Law 11: what stands in a line is counts, enumerations and digests. There is no string here that a sender, a model or
// a provider could have chosen: every string is one of a list, or hex digits of a fixed length.
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const signed = z.number().int().min(-Number.MAX_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER);
const hashed = z.string().regex(/^[0-9a-f]{32}$/);
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const method = z.enum(['terminal', 'passphrase', 'passkey', 'first_start', 'standing_grant', 'none']);
const channel = z.enum(['email', 'telegram', 'slack', 'sms', 'voice', 'webhook', 'none']);
const integrity = z.enum(['trusted', 'untrusted']);
const confidentiality = z.enum(['public', 'private', 'secret']);
const outcome = z.enum(['succeeded', 'failed', 'unknown']);
const stopSource = z.enum(['command', 'remote', 'guardian', 'breaker', 'record', 'clock', 'log', 'disk', 'other']);

/** Why something was refused, voided or ended. Codes of ours, never a provider's or a model's words. */
export const AUDIT_REASONS = [
  'ok',
  'no_rule',
  'forbidden',
  'policy_error',
  'policy_unconfirmed',
  'policy_changed',
  'contacts_unconfirmed',
  'killed',
  'breaker_open',
  'unknown_action',
  'invalid_params',
  'secret_outbound',
  'untrusted_authority',
  'source_revoked',
  'stricter_decision',
  'rate_limited',
  'approval_caps',
  'unavailable',
  'overloaded',
  'not_found',
  'token_invalid',
  'token_expired',
  'token_used',
  'params_mismatch',
  'expired',
  'denied',
  'cancelled',
  'restart',
  'time_stepped',
  'session_closed',
  'timeout',
  'crashed',
  'too_large',
  'malformed',
  'lying_reader',
  'incident',
  'disk_failed',
  'provider_error',
  'not_dispatched',
  'asked',
  'idle',
  'done',
  'other',
] as const;
export type AuditReason = (typeof AUDIT_REASONS)[number];
const reason = z.enum(AUDIT_REASONS);
const egressClient = z.enum(EGRESS_CLIENTS);
const egressReason = z.enum(Object.keys(EGRESS_REASONS) as [EgressReason, ...EgressReason[]]);

/** One strict schema for the details of every event. A new event is one line here. */
export const AUDIT_DETAILS = {
  // the instance
  instance_started: z.strictObject({ deployment: z.enum(['checkout', 'installed']), first_start: z.boolean() }),
  instance_stopped: z.strictObject({ reason }),
  armed: z.strictObject({ epoch: count }),
  killed: z.strictObject({ epoch: count, source: stopSource, simulated: z.boolean(), zones: count }),
  revived: z.strictObject({ epoch: count, method }),
  time_stepped: z.strictObject({ step_ms: signed, voided: count }),
  home_repaired: z.strictObject({ what: z.enum(['mode', 'owner', 'missing', 'torn']), files: count }),
  presence_enrolled: z.strictObject({ method }),
  presence_refused: z.strictObject({ method, reason }),
  // sessions and content
  session_opened: z.strictObject({ kind: z.enum(['item', 'instruction', 'task', 'standing', 'agent']) }),
  session_label: z.strictObject({ integrity, confidentiality, sources: count }),
  session_closed: z.strictObject({ reason }),
  item_received: z.strictObject({ channel, bytes: count }),
  item_read: z.strictObject({
    channel,
    original_length: count,
    sanitized_length: count,
    injection_warning: z.boolean(),
    findings: count,
    truncated: z.boolean(),
  }),
  item_failed: z.strictObject({ channel, reason }),
  item_done: z.strictObject({ channel }),
  task_deleted: z.strictObject({ method }),
  delivered: z.strictObject({ kind: z.enum(['item', 'result', 'instruction', 'task']), items: count }),
  content_deleted: z.strictObject({ items: count, reason }),
  // the straight line
  capability_requested: z.strictObject({ params: hashed, references: count, influenced: z.boolean() }),
  decision: z.strictObject({
    outcome: z.enum(['allow', 'deny', 'require_approval']),
    reason,
    policy: digest,
    approval: z.enum(['none', 'owner', 'passkey', '2-of-3']),
    delay_ms: count,
    red: z.boolean(),
  }),
  approval_asked: z.strictObject({ pending: count, red: z.boolean() }),
  approval_answered: z.strictObject({ verdict: z.enum(['approved', 'denied']), method }),
  approval_expired: z.strictObject({ waited_ms: count }),
  approval_cancelled: z.strictObject({ reason }),
  approval_reopened: z.strictObject({ method }),
  not_executed_notice: z.strictObject({ waited_ms: count }),
  grant_minted: z.strictObject({ expires_in_ms: count }),
  grant_redeemed: z.strictObject({ age_ms: count }),
  grant_refused: z.strictObject({ reason }),
  grant_voided: z.strictObject({ reason }),
  intent: z.strictObject({ payload: hashed, bytes: count, delay_ms: count }),
  dispatched: z.strictObject({ payload: hashed }),
  outcome: z.strictObject({ outcome, reason }),
  reconciled: z.strictObject({ outcome }),
  // what the owner confirmed
  policy_confirmed: z.strictObject({ digest, method }),
  contacts_confirmed: z.strictObject({ digest: hashed, entries: count, method }),
  config_changed: z.strictObject({ digest: hashed, keys: count, method }),
  config_refused: z.strictObject({ reason }),
  /** A file was written back to the text in force, which did not change. */
  confirmed_restored: z.strictObject({ name: z.enum(['policy', 'contacts']), method }),
  // zones
  zone_started: z.strictObject({ attempt: count }),
  zone_stopped: z.strictObject({ reason }),
  zone_exited: z.strictObject({ code: z.number().int().min(-1).max(255), signalled: z.boolean() }),
  zone_incident: z.strictObject({
    kind: z.enum(['protocol', 'probe_failed', 'hung', 'memory', 'seccomp', 'forged_id', 'flood', 'other']),
  }),
  limit_hit: z.strictObject({
    limit: z.enum(['rate', 'approvals_session', 'approvals_day', 'approvals_sender', 'in_flight', 'bytes', 'quota']),
    retry_after_ms: count,
  }),
  model_called: z.strictObject({ local: z.boolean(), bytes_in: count, bytes_out: count, reason }),
  secret_leased: z.strictObject({ secret: hashed, expires_in_ms: count }),
  // the way out
  egress_opened: z.strictObject({ client: egressClient, port: count }),
  /** `listed`: whether the name is on the client's list. Of any other name only its length is kept. */
  egress_refused: z.strictObject({
    client: egressClient,
    port: count,
    reason: egressReason,
    listed: z.boolean(),
    name_chars: count,
    left_out: count,
  }),
  egress_closed: z.strictObject({
    client: egressClient,
    port: count,
    bytes_out: count,
    bytes_in: count,
    ended_by: z.enum(['peers', 'idle', 'bytes', 'stop', 'failure']),
  }),
  // the record itself
  checkpoint_made: z.strictObject({ size: count, root: digest }),
  /** Recorded before retention removes the lines up to `through`; their leaf hashes stay. */
  lines_retired: z.strictObject({ through: count }),
  log_recovered: z.strictObject({ recovered: count, cut_bytes: count }),
  other_log_anchored: z.strictObject({
    log: z.enum(['stop-audit', 'guardian-audit', 'gateway-audit', 'supervisor-audit', 'auth-audit', 'command-audit']),
    seq: count,
    hash: digest,
  }),
} as const;
