import * as z from 'zod';
import { bodySchema, mailAddressSchema, subjectSchema } from '../action.ts';
import { LIMITS } from '../limits.ts';

/** Fields of a mail as the actions declare them. `in_reply_to` is a content reference of the same session. */
export function mailFields(leaf: <T extends z.ZodType>(type: T) => z.ZodType): Record<string, z.ZodType> {
  const people = (): z.ZodArray<z.ZodType> => z.array(leaf(mailAddressSchema)).max(LIMITS.recipientsMax.value);
  return {
    to: people().min(1),
    cc: people().optional(),
    bcc: people().optional(),
    subject: leaf(subjectSchema),
    body: leaf(bodySchema),
    in_reply_to: z
      .string()
      .regex(/^c_[a-z2-7]{26}$/)
      .optional(),
  };
}
