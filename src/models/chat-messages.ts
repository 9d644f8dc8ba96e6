import * as z from 'zod';

/** Messages as they go on: known fields only, text and inline media. Whatever points elsewhere is refused. */
const textPart = z.object({ type: z.literal('text'), text: z.string() });
const INLINE_IMAGE = /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}$/;
const imagePart = z.object({
  type: z.literal('image_url'),
  image_url: z.object({
    url: z.string().regex(INLINE_IMAGE, 'must be an inline `data:image/…;base64,` URL: nothing is fetched'),
    detail: z.enum(['auto', 'low', 'high']).optional(),
  }),
});
const audioPart = z.object({
  type: z.literal('input_audio'),
  input_audio: z.object({ data: z.base64(), format: z.enum(['wav', 'mp3']) }),
});

const name = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/)
  .optional();
const text = z.union([z.string(), z.array(textPart).min(1).max(256)]);
export const toolName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);

const toolCall = z.object({
  id: z.string().min(1).max(256),
  type: z.literal('function'),
  function: z.object({ name: toolName, arguments: z.string() }),
});

export const messageSchema = z.discriminatedUnion('role', [
  z.object({ role: z.literal('system'), content: text, name }),
  z.object({ role: z.literal('developer'), content: text, name }),
  z.object({
    role: z.literal('user'),
    content: z.union([
      z.string(),
      z
        .array(z.discriminatedUnion('type', [textPart, imagePart, audioPart]))
        .min(1)
        .max(256),
    ]),
    name,
  }),
  z
    .object({
      role: z.literal('assistant'),
      content: text.nullish(),
      name,
      tool_calls: z.array(toolCall).min(1).max(128).optional(),
    })
    .refine(
      (message) => (message.content ?? null) !== null || message.tool_calls !== undefined,
      'needs `content` or `tool_calls`',
    ),
  z.object({ role: z.literal('tool'), content: text, tool_call_id: z.string().min(1).max(256) }),
]);
