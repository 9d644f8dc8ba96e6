import type { Doer } from './doer.ts';
import { draftEmailDoer } from './draft-email.ts';
import { getProfileDoer, readEmailDoer, searchEmailsDoer } from './read-email.ts';
import { sendEmailDoer } from './send-email.ts';

/** Who does what `contracts/actions` declares. A test holds both tables together. */
export const DOERS: ReadonlyMap<string, Doer> = new Map([
  ['get_profile', getProfileDoer],
  ['read_email', readEmailDoer],
  ['search_emails', searchEmailsDoer],
  ['draft_email', draftEmailDoer],
  ['send_email', sendEmailDoer],
]);

export type { Doer, Prepared } from './doer.ts';
