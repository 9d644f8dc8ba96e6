import * as z from 'zod';
import { AUDIT_DETAILS } from './audit-details.ts';

/** Who an event is about. A closed list: a name that came from outside can never stand in the log. */
export const AUDIT_ZONES = [
  'zone1-executor',
  'zone2-planner',
  'zone3-email-reader',
  'zone3-telegram-reader',
  'zone3-slack-reader',
  'connector',
  'model',
  'egress',
  'gateway',
  'stop',
  'guardian',
  'edge',
  'supervisor',
  'control',
  'cli',
  'unknown',
] as const;
export type AuditZone = (typeof AUDIT_ZONES)[number];

/** Actions of the design, section 6; whatever else a zone asked for is recorded as `unknown`. */
export const AUDIT_ACTIONS = [
  'read_email',
  'search_emails',
  'get_profile',
  'read_telegram',
  'read_slack',
  'list_slack_channels',
  'draft_email',
  'draft_message',
  'send_email',
  'send_telegram',
  'send_slack',
  'send_sms',
  'make_call',
  'upload_file',
  'write_record',
  'trigger_workflow',
  'run_command',
  'unknown',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** Isolation mode the event was recorded in (`none`: a process that starts no zones, or before the probe). */
export const AUDIT_MODES = ['F', 'R', 'U', 'L', 'none'] as const;
export type AuditMode = (typeof AUDIT_MODES)[number];

/** 32 lower-case hex digits: HMAC-SHA256 of an identifier under the instance's key, never the identifier. */
export const HASHED_ID = z.string().regex(/^[0-9a-f]{32}$/);
export type HashedId = string;

type DetailsTable = typeof AUDIT_DETAILS;
export type AuditEventName = keyof DetailsTable;
export type AuditDetails<N extends AuditEventName> = z.infer<DetailsTable[N]>;

/** What every event may carry beside its name and details. */
export interface AuditSubject {
  readonly zone: AuditZone;
  /** Keyed hash of the session id. */
  readonly session?: HashedId | undefined;
  readonly action?: AuditAction | undefined;
  /** Keyed hash of what it is about: a request, an item, an approval, a grant. */
  readonly subject?: HashedId | undefined;
}

/** One event, before it has a place in a log. The details of each name are strict and hold no text from outside. */
export type AuditEvent = {
  [N in AuditEventName]: AuditSubject & { readonly event: N; readonly details: AuditDetails<N> };
}[AuditEventName];

export const AUDIT_EVENT_NAMES: readonly AuditEventName[] = Object.freeze(
  Object.keys(AUDIT_DETAILS) as AuditEventName[],
);

const ENVELOPE = z.strictObject({
  event: z.enum(AUDIT_EVENT_NAMES as [AuditEventName, ...AuditEventName[]]),
  zone: z.enum(AUDIT_ZONES),
  session: HASHED_ID.optional(),
  action: z.enum(AUDIT_ACTIONS).optional(),
  subject: HASHED_ID.optional(),
  details: z.unknown(),
});

/**
 * The event, copied and checked: unknown members, free text and unhashed identifiers are refused.
 * The message names the member only, never its value, so that a refused event leaks nothing either.
 */
export function parseAuditEvent(value: unknown): { ok: true; event: AuditEvent } | { ok: false; message: string } {
  const envelope = ENVELOPE.safeParse(value);
  if (!envelope.success) return { ok: false, message: describe(envelope.error, '') };
  const details = AUDIT_DETAILS[envelope.data.event].safeParse(envelope.data.details);
  if (!details.success) return { ok: false, message: describe(details.error, 'details.') };
  return { ok: true, event: { ...envelope.data, details: details.data } as AuditEvent };
}

/** The name an audit line may carry for a zone: what follows a dot (a session, a counter) is dropped. */
export function toAuditZone(name: string): AuditZone {
  const base = name.split('.', 1)[0] ?? '';
  return AUDIT_ZONES.find((zone) => zone === base) ?? 'unknown';
}

/** The name an audit line may carry for an action: anything not declared is `unknown`. */
export function toAuditAction(name: string): AuditAction {
  return AUDIT_ACTIONS.find((action) => action === name) ?? 'unknown';
}

function describe(error: z.ZodError, prefix: string): string {
  const [issue] = error.issues;
  const path = issue === undefined ? '' : issue.path.filter((part) => typeof part === 'string').join('.');
  return `audit event refused: \`${prefix}${path === '' ? '(members)' : path}\` is not what its type allows`;
}
