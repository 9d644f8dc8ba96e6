import type { ActionDeclaration } from '../action.ts';
import type { Effect } from '../decision.ts';
import { draftEmail } from './draft-email.ts';
import { getProfile, readEmail, searchEmails } from './read-email.ts';
import { sendEmail } from './send-email.ts';

/** Actions that this build can do. A name that is in neither table is `action_not_allowed`. */
export const ACTIONS: ReadonlyMap<string, ActionDeclaration> = new Map(
  [getProfile, readEmail, searchEmails, draftEmail, sendEmail].map((action) => [action.name, action]),
);

/** Actions of the design whose part is not built: known to policy, answered `unavailable`. */
export const UNBUILT_ACTIONS: ReadonlyMap<string, Effect> = new Map([
  ['read_telegram', 'read'],
  ['read_slack', 'read'],
  ['list_slack_channels', 'read'],
  ['draft_message', 'draft'],
  ['send_telegram', 'outbound'],
  ['send_slack', 'outbound'],
  ['send_sms', 'outbound'],
  ['make_call', 'outbound'],
  ['upload_file', 'outbound'],
  ['write_record', 'outbound'],
  ['trigger_workflow', 'outbound'],
]);

export { draftEmail } from './draft-email.ts';
export { mailSchema, sendEmail, type MailParams } from './send-email.ts';
export {
  getProfile,
  readEmail,
  readEmailSchema,
  searchEmails,
  searchEmailsSchema,
  type GetProfileParams,
  type ReadEmailParams,
  type SearchEmailsParams,
} from './read-email.ts';
