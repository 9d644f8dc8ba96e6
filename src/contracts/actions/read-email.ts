import * as z from 'zod';
import { declareAction } from '../action.ts';
import { LIMITS } from '../limits.ts';

const limit = z.number().int().min(1).max(LIMITS.readItemsMax.value);
const cursor = z.string().max(200).optional();

/** Either one delivered item again by its reference, or the newest `limit` items. */
export const readEmailSchema = z.union([
  z.strictObject({ content_ref: z.string().regex(/^c_[a-z2-7]{26}$/) }),
  z.strictObject({ limit, since: z.iso.datetime().optional(), cursor }),
]);
export type ReadEmailParams = z.infer<typeof readEmailSchema>;

export const readEmail = {
  ...declareAction({
    name: 'read_email',
    effect: 'read',
    reversibility: 'nothing to take back',
    authority: {},
    fields: () => ({}),
  }),
  requested: readEmailSchema,
  resolved: readEmailSchema,
};

/** `query` holds words and the operators `from:`, `to:`, `subject:`, `since:`, `before:`, `has:attachment`. */
export const searchEmailsSchema = z.strictObject({
  query: z.string().max(LIMITS.searchQueryCharsMax.value),
  limit,
  cursor,
});
export type SearchEmailsParams = z.infer<typeof searchEmailsSchema>;

export const searchEmails = {
  ...declareAction({
    name: 'search_emails',
    effect: 'read',
    reversibility: 'nothing to take back',
    authority: {},
    fields: () => ({}),
  }),
  requested: searchEmailsSchema,
  resolved: searchEmailsSchema,
};

export const getProfileSchema = z.strictObject({ cursor });
export type GetProfileParams = z.infer<typeof getProfileSchema>;

export const getProfile = {
  ...declareAction({
    name: 'get_profile',
    effect: 'read',
    reversibility: 'nothing to take back',
    authority: {},
    fields: () => ({}),
  }),
  requested: getProfileSchema,
  resolved: getProfileSchema,
};
