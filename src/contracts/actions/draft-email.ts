import { declareAction } from '../action.ts';
import { mailFields } from './mail-fields.ts';

export const draftEmail = declareAction({
  name: 'draft_email',
  effect: 'draft',
  reversibility: 'can be deleted',
  authority: { to: 'mail-address', cc: 'mail-address', bcc: 'mail-address' },
  fields: mailFields,
});
