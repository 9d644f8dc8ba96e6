import * as z from 'zod';
import { bodySchema, declareAction, mailAddressSchema, subjectSchema } from '../action.ts';
import { LIMITS } from '../limits.ts';
import { mailFields } from './mail-fields.ts';

export const sendEmail = declareAction({
  name: 'send_email',
  effect: 'outbound',
  reversibility: 'cannot be taken back',
  authority: { to: 'mail-address', cc: 'mail-address', bcc: 'mail-address' },
  fields: mailFields,
  orRequested: z.strictObject({ draft: z.string().regex(/^d_[a-z2-7]{26}$/) }),
});

/** What `send_email` and `draft_email` come to once resolved. */
export const mailSchema = z.strictObject({
  to: z.array(mailAddressSchema).min(1).max(LIMITS.recipientsMax.value),
  cc: z.array(mailAddressSchema).max(LIMITS.recipientsMax.value).optional(),
  bcc: z.array(mailAddressSchema).max(LIMITS.recipientsMax.value).optional(),
  subject: subjectSchema,
  body: bodySchema,
  in_reply_to: z
    .string()
    .regex(/^c_[a-z2-7]{26}$/)
    .optional(),
});
export type MailParams = z.infer<typeof mailSchema>;
