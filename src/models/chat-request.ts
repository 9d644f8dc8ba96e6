import * as z from 'zod';
import type { Json } from '../contracts/index.ts';
import { messageSchema, toolName } from './chat-messages.ts';
import type { ModelLimits } from './model-limits.ts';
import { invalid, type ApiError } from './openai-error.ts';

/** The body that goes on, made of known fields only, and the names of fields that were left out. */
export type ChatRequest =
  | {
      readonly ok: true;
      readonly body: Readonly<Record<string, unknown>>;
      readonly stream: boolean;
      readonly dropped: readonly string[];
    }
  | { readonly ok: false; readonly error: ApiError };

const tool = z.object({
  type: z.literal('function', 'only tools of type `function` are allowed: a hosted tool would act for the model'),
  function: z.object({
    name: toolName,
    description: z.string().max(8_192).optional(),
    parameters: z.record(z.string(), z.json()).optional(),
    strict: z.boolean().optional(),
  }),
});

const responseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({
      name: toolName,
      description: z.string().max(8_192).optional(),
      schema: z.record(z.string(), z.json()).optional(),
      strict: z.boolean().optional(),
    }),
  }),
]);

const tokens = z.number().int().min(1);

/** The allow-list. `model` is read and replaced: which model answers is Zone 1's choice. */
const bodySchema = z.object({
  model: z.string().max(256).optional(),
  messages: z.array(messageSchema).min(1).max(1_000),
  tools: z.array(tool).min(1).max(64).optional(),
  tool_choice: z
    .union([
      z.enum(['none', 'auto', 'required']),
      z.object({ type: z.literal('function'), function: z.object({ name: toolName }) }),
    ])
    .optional(),
  parallel_tool_calls: z.boolean().optional(),
  response_format: responseFormat.optional(),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  frequency_penalty: z.number().min(-2).max(2).optional(),
  presence_penalty: z.number().min(-2).max(2).optional(),
  seed: z.number().int().optional(),
  stop: z.union([z.string().max(256), z.array(z.string().max(256)).min(1).max(4)]).optional(),
  n: z.literal(1).optional(),
  max_tokens: tokens.optional(),
  max_completion_tokens: tokens.optional(),
  stream: z.boolean().optional(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).optional(),
});

/** Fields that would make somebody else act, fetch or remember on the model's behalf: refused, not dropped. */
const REFUSED = [
  'web_search_options',
  'functions',
  'function_call',
  'plugins',
  'mcp_servers',
  'container',
  'file_ids',
  'attachments',
];
/** Fields of the public API that are left out; the names of others are the caller's words and only counted. */
const KNOWN = [
  'audio',
  'logit_bias',
  'logprobs',
  'metadata',
  'modalities',
  'moderation',
  'prediction',
  'prompt_cache_key',
  'reasoning_effort',
  'safety_identifier',
  'service_tier',
  'store',
  'top_logprobs',
  'user',
  'verbosity',
];

/** Rebuilds a chat completion body. `model` is the pool's own name for the model that answers. */
export function parseChatRequest(value: unknown, model: string, limits: ModelLimits): ChatRequest {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refused(invalid('the body must be a JSON object'));
  const hosted = REFUSED.find((key) => Object.hasOwn(value, key));
  if (hosted !== undefined) return refused(invalid(`\`${hosted}\` is not allowed here`, hosted, 'not_allowed'));
  const parsed = bodySchema.safeParse(value);
  if (!parsed.success) return refused(firstIssue(parsed.error));
  const {
    stream = false,
    stream_options: streamOptions,
    max_tokens: maxTokens,
    max_completion_tokens: maxCompletion,
    ...rest
  } = parsed.data;
  const asked = maxCompletion ?? maxTokens ?? limits.tokensDefault;
  const body = {
    ...rest,
    model,
    // The older name: every local server reads it.
    max_tokens: Math.min(asked, limits.tokensMax),
    ...(stream ? { stream, ...(streamOptions === undefined ? {} : { stream_options: streamOptions }) } : {}),
  };
  return { ok: true, body: withoutUndefined(body), stream, dropped: droppedOf(value) };
}

function droppedOf(value: object): readonly string[] {
  const left = Object.keys(value).filter((key) => !Object.hasOwn(bodySchema.shape, key));
  const known = left.filter((key) => KNOWN.includes(key));
  const others = left.length - known.length;
  return others === 0 ? known : [...known, `${others} unknown`];
}

function firstIssue(error: z.ZodError): ApiError {
  const issue = deepest(error.issues[0]);
  const path = (issue?.path ?? []).map(String).join('.').slice(0, 200);
  return invalid(
    `\`${path === '' ? 'body' : path}\`: ${(issue?.message ?? 'is not what it must be').slice(0, 300)}`,
    path,
  );
}

/** In a union the branch that says most: its issue with the longest path. */
function deepest(issue: z.core.$ZodIssue | undefined): { path: readonly PropertyKey[]; message: string } | undefined {
  if (issue === undefined || issue.code !== 'invalid_union' || issue.errors.length === 0) return issue;
  const inner = issue.errors.flat().map((each) => deepest(each));
  const best = inner.sort((a, b) => (b?.path.length ?? 0) - (a?.path.length ?? 0))[0];
  return best === undefined ? issue : { path: [...issue.path, ...best.path], message: best.message };
}

function withoutUndefined(body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(body)) as Record<string, Json>;
}

function refused(error: ApiError): ChatRequest {
  return { ok: false, error };
}
