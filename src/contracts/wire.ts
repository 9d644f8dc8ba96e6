import * as z from 'zod';
import { LIMITS } from './limits.ts';

/** What a zone may send on its bridge socket (design, section 9). Parsed at the door; unknown fields are refused. */
const waitMs = z.number().int().min(0).max(LIMITS.waitMsMax.value).optional();
/** Zod passes over an own member `__proto__` of a record instead of refusing it; we refuse what we do not know. */
const record = z
  .unknown()
  .refine((value) => typeof value !== 'object' || value === null || !Object.hasOwn(value, '__proto__'))
  .pipe(z.record(z.string().max(64), z.unknown()));
const params = record;
const token = z.string().max(4_096);
const action = z.string().min(1).max(64);
const taskId = z.string().regex(/^t_[a-z2-7]{26}$/);

export const WIRE_REQUESTS = {
  hello: z.strictObject({ type: z.literal('hello'), v: z.number() }),
  ping: z.strictObject({ type: z.literal('ping') }),
  capability_request: z.strictObject({
    type: z.literal('capability_request'),
    action,
    params,
    rationale: z.string().max(LIMITS.rationaleCharsMax.value).optional(),
  }),
  approval_status: z.strictObject({
    type: z.literal('approval_status'),
    request_id: z.string().max(64),
    wait_ms: waitMs,
  }),
  execute: z.strictObject({ type: z.literal('execute'), token, action, params }),
  next_item: z.strictObject({ type: z.literal('next_item'), wait_ms: waitMs }),
  item_done: z.strictObject({ type: z.literal('item_done'), content_ref: z.string().max(64) }),
  next_instruction: z.strictObject({ type: z.literal('next_instruction'), wait_ms: waitMs }),
  task_put: z.strictObject({
    type: z.literal('task_put'),
    /** Absent: a new task. */
    task: taskId.optional(),
    priority: z.number().int().min(0).max(9),
    due: z.iso.datetime().optional(),
    cron: z.string().max(100).optional(),
    data: record,
  }),
  task_list: z.strictObject({ type: z.literal('task_list') }),
  task_delete: z.strictObject({ type: z.literal('task_delete'), task: taskId }),
} as const;

export type WireRequestType = keyof typeof WIRE_REQUESTS;
export type WireRequest = { [K in WireRequestType]: z.infer<(typeof WIRE_REQUESTS)[K]> }[WireRequestType];

/** What Zone 1 answers, as the capability client reads it. */
export const capabilityResponseSchema = z.strictObject({
  type: z.literal('capability_response'),
  request_id: z.string(),
  decision: z.enum(['allowed', 'pending_approval']),
  requires_approval: z.boolean(),
  params_hash: z.string().optional(),
  expires_at: z.string().optional(),
  token: z.string().optional(),
});
export type CapabilityResponse = z.infer<typeof capabilityResponseSchema>;

export const approvalStatusSchema = z.strictObject({
  type: z.literal('approval_status'),
  status: z.enum(['pending', 'approved', 'denied', 'expired', 'cancelled']),
  token: z.string().optional(),
  outcome: z.enum(['queued', 'dispatched', 'succeeded', 'failed', 'unknown', 'denied']).optional(),
});
export type ApprovalStatus = z.infer<typeof approvalStatusSchema>;

export const wireErrorSchema = z.strictObject({
  type: z.literal('error'),
  error: z.string(),
  message: z.string(),
  requires_approval: z.boolean().optional(),
  issues: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
  retry_after_ms: z.number().optional(),
});
export type WireError = z.infer<typeof wireErrorSchema>;
