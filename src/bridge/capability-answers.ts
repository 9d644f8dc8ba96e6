import * as z from 'zod';
import {
  approvalStatusSchema,
  capabilityResponseSchema,
  extractSchema,
  HardshellError,
  wireErrorSchema,
  type ApprovalStatus,
  type CapabilityResponse,
  type ContentRef,
  type Extract,
  type Json,
  parseId,
  type ParamIssue,
  type TaskId,
} from '../contracts/index.ts';
import type { Frame } from './connection.ts';

/** A refusal as a zone reads it. `error` is the wire's code; a code this build does not know is kept as it came. */
export interface Refused {
  readonly kind: 'refused';
  readonly error: string;
  readonly message: string;
  readonly requiresApproval?: boolean;
  readonly issues?: readonly ParamIssue[];
  /** Milliseconds to wait before asking again. */
  readonly retryAfterMs?: number;
}

/** One delivered message. `message` is hostile text in a known shape. */
export interface ItemDelivery {
  readonly contentRef: ContentRef;
  readonly channel: string;
  readonly message: Extract;
}

/** What the owner typed, and the task under which the answer is kept. */
export interface InstructionDelivery {
  readonly text: string;
  readonly task: TaskId | null;
}

/** One task as Zone 1 keeps it for the session. Absent and null are told apart on the wire only; here both are null. */
export interface StoredTask {
  readonly task: TaskId;
  readonly priority: number;
  /** ISO 8601 instant in UTC. */
  readonly due: string | null;
  readonly cron: string | null;
  readonly data: Readonly<Record<string, Json>>;
}

const taskId = z.string().transform((text, context) => {
  const id = parseId('t_', text);
  if (id !== null) return id;
  context.addIssue('must be a task id');
  return z.NEVER;
});
const contentRef = z.string().transform((text, context) => {
  const id = parseId('c_', text);
  if (id !== null) return id;
  context.addIssue('must be a content reference');
  return z.NEVER;
});
const taskData = z.record(z.string(), z.json());

const helloSchema = z.object({ type: z.literal('hello'), v: z.literal(1), zone: z.string(), session: z.string() });
const pongSchema = z.object({ type: z.literal('pong'), zone: z.string() });
const resultSchema = z.object({
  type: z.literal('result'),
  ok: z.literal(true),
  value: z.record(z.string(), z.json()),
});
const itemSchema = z.object({
  type: z.literal('item'),
  content_ref: contentRef,
  channel: z.string(),
  message: extractSchema,
});
const instructionSchema = z.object({ type: z.literal('instruction'), text: z.string(), task: taskId.nullish() });
const taskPutSchema = z.object({ task: taskId });
const storedTaskSchema = z.object({
  task: taskId,
  priority: z.number().int().min(0).max(9),
  due: z.string().nullish(),
  cron: z.string().nullish(),
  data: taskData,
});
const taskListSchema = z.object({ tasks: z.array(storedTaskSchema) });

export type ExecuteValue = Readonly<Record<string, Json>>;

/** The refusal in `frame`, or null when it is an answer of another kind. */
export function parseRefusal(frame: Frame): Refused | null {
  if (frame['type'] !== 'error') return null;
  const {
    error,
    message,
    requires_approval: requiresApproval,
    issues,
    retry_after_ms: retryAfterMs,
  } = parse(wireErrorSchema, frame);
  return {
    kind: 'refused',
    error,
    message,
    ...(requiresApproval === undefined ? {} : { requiresApproval }),
    ...(issues === undefined ? {} : { issues }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

export function parseHello(frame: Frame): { zone: string; session: string } {
  const { zone, session } = parse(helloSchema, frame);
  return { zone, session };
}

export function parsePong(frame: Frame): { zone: string } {
  return { zone: parse(pongSchema, frame).zone };
}

export function parseCapability(frame: Frame): CapabilityResponse {
  return parse(capabilityResponseSchema, frame);
}

export function parseStatus(frame: Frame): ApprovalStatus {
  return parse(approvalStatusSchema, frame);
}

export function parseResult(frame: Frame): ExecuteValue {
  return parse(resultSchema, frame).value;
}

/** The delivery in `frame`; null when the wait ended with nothing to deliver. */
export function parseItem(frame: Frame): ItemDelivery | null {
  if (isNothing(frame)) return null;
  const { content_ref: ref, channel, message } = parse(itemSchema, frame);
  return { contentRef: ref, channel, message };
}

export function parseInstruction(frame: Frame): InstructionDelivery | null {
  if (isNothing(frame)) return null;
  const { text, task } = parse(instructionSchema, frame);
  return { text, task: task ?? null };
}

export function parseTaskPut(frame: Frame): TaskId {
  return parse(taskPutSchema, frame).task;
}

export function parseTaskList(frame: Frame): readonly StoredTask[] {
  return parse(taskListSchema, frame).tasks.map(({ due, cron, ...task }) => ({
    ...task,
    due: due ?? null,
    cron: cron ?? null,
  }));
}

/** A wait that ended without a delivery. */
function isNothing(frame: Frame): boolean {
  return frame['type'] === 'none';
}

function parse<T>(schema: z.ZodType<T>, frame: Frame): T {
  const parsed = schema.safeParse(frame);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new HardshellError('malformed', `zone 1 answered in a shape this client does not know (at \`${where}\`)`, {
    fate: 'retry',
  });
}
