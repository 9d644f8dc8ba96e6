import * as z from 'zod';
import { CHANNELS } from './channels.ts';

/** Ids and entries of lists that answers on the control socket share. */
export const approvalId = z.string().regex(/^a_[a-z2-7]{26}$/);
export const sessionId = z.string().regex(/^s_[a-z2-7]{26}$/);
export const taskId = z.string().regex(/^t_[a-z2-7]{26}$/);
export const contentId = z.string().regex(/^k_[a-z2-7]{26}$/);

const text = z.string();
const count = z.number().int().min(0);

export const inboxItem = z.strictObject({
  item: contentId,
  channel: z.enum(CHANNELS),
  from: text,
  subject: text,
  received_ms: z.number(),
  state: z.enum(['received', 'read', 'failed']),
  warned: z.boolean(),
  findings: count,
  handled: z.boolean(),
  /** What the planner made of it: untrusted words. */
  summary: text.nullable(),
});

export const instructionState = z.enum(['working', 'answered', 'waiting', 'failed']);

export const scheduledTask = z.strictObject({
  task: taskId,
  /** The session that made it; it may have ended long ago. */
  session: sessionId,
  /** When it runs next; null: never again. */
  next_ms: z.number().nullable(),
  cron: text.nullable(),
  priority: count,
  /** What a run is told to do, cut: untrusted unless `integrity` says otherwise. */
  text,
  integrity: z.enum(['trusted', 'untrusted']),
  last: z
    .strictObject({
      session: sessionId,
      at_ms: z.number(),
      state: instructionState,
      /** The planner's words, cut: untrusted. */
      answer: text.nullable(),
      approvals: z.array(approvalId),
    })
    .nullable(),
});

export type ScheduledTask = z.infer<typeof scheduledTask>;
export type InboxItem = z.infer<typeof inboxItem>;
