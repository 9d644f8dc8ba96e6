import * as z from 'zod';
import type { ExecuteValue, ItemDelivery } from '../../bridge/index.ts';
import { extractSchema, parseId, type ContentRef } from '../../contracts/index.ts';

/** One entry of a list of messages: what a line of an inbox needs. */
export interface ItemLine {
  readonly ref: ContentRef | null;
  readonly from: string;
  readonly subject: string;
  readonly date: string | null;
  readonly warned: boolean;
}

const lineSchema = z.object({
  from: z.string().default(''),
  subject: z.string().default(''),
  date: z.string().nullish(),
  injection_warning: z.boolean().default(false),
});
const wrapped = z.object({ content_ref: z.string().optional(), channel: z.string().optional(), message: z.unknown() });

/** The messages in the value of a read, as lines. What is not a message is left out. */
export function linesOf(value: ExecuteValue): readonly ItemLine[] {
  return entriesOf(value).flatMap(({ ref, message }) => {
    const line = lineSchema.safeParse(message);
    if (!line.success) return [];
    const { from, subject, date, injection_warning: warned } = line.data;
    return [{ ref, from, subject, date: date ?? null, warned }];
  });
}

/** The messages in the value of a read, whole: entries that are not a whole sanitized message are left out. */
export function itemsOf(value: ExecuteValue): readonly ItemDelivery[] {
  return entriesOf(value).flatMap(({ ref, message }) => {
    const parsed = extractSchema.safeParse(message);
    return parsed.success && ref !== null
      ? [{ contentRef: ref, channel: parsed.data.channel, message: parsed.data }]
      : [];
  });
}

/** `items` holds messages, bare beside `content_refs` or wrapped with their own `content_ref`. */
function entriesOf(value: ExecuteValue): readonly { ref: ContentRef | null; message: unknown }[] {
  const items: readonly unknown[] = Array.isArray(value['items']) ? value['items'] : [];
  const refs: readonly unknown[] = Array.isArray(value['content_refs']) ? value['content_refs'] : [];
  return items.map((item, at) => {
    const inner = wrapped.safeParse(item);
    const message = inner.success && inner.data.message !== undefined ? inner.data.message : item;
    const ref = (inner.success ? inner.data.content_ref : undefined) ?? refs[at];
    return { ref: typeof ref === 'string' ? parseId('c_', ref) : null, message };
  });
}
