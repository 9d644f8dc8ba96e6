import * as z from 'zod';
import type { Effect } from './decision.ts';
import { LIMITS } from './limits.ts';
import { parseMailAddress } from './address.ts';

/** A whole-value reference into delivered content: `{"ref":"c_…#/from"}` (RFC 6901 pointer). */
export const referenceSchema = z.strictObject({
  ref: z
    .string()
    .max(300)
    .regex(/^c_[a-z2-7]{26}#(?:\/[^/]*)*$/),
});
export type Reference = z.infer<typeof referenceSchema>;

/** Whether what was done can be taken back, in words for the owner. */
export type Reversibility = 'nothing to take back' | 'can be deleted' | 'cannot be taken back';

/** One action: what may be asked and what it means, without any code that does it. */
export interface ActionDeclaration {
  readonly name: string;
  readonly effect: Effect;
  readonly reversibility: Reversibility;
  /** Parameters that decide who or what is reached, and the kind of their values. */
  readonly authority: Readonly<Record<string, 'mail-address'>>;
  /** Parameters as a zone may send them: any string may be a reference. */
  readonly requested: z.ZodType<Readonly<Record<string, unknown>>>;
  /** Parameters after references and drafts were resolved. */
  readonly resolved: z.ZodType<Readonly<Record<string, unknown>>>;
}

/** Wraps a leaf: as it is, or "or a reference". */
type Leaf = <T extends z.ZodType>(type: T) => z.ZodType;

interface Spec extends Omit<ActionDeclaration, 'requested' | 'resolved'> {
  readonly fields: (leaf: Leaf) => Readonly<Record<string, z.ZodType>>;
  /** Another shape that is accepted as asked, such as `{draft}`; it is resolved into the fields. */
  readonly orRequested?: z.ZodType<Readonly<Record<string, unknown>>>;
}

/** Both schemas of an action from one list of fields, so that they cannot drift apart. */
export function declareAction(spec: Spec): ActionDeclaration {
  const { fields, orRequested, ...rest } = spec;
  const asked = z.strictObject(fields((type) => z.union([type, referenceSchema])));
  return {
    ...rest,
    requested: orRequested === undefined ? asked : z.union([asked, orRequested]),
    resolved: z.strictObject(fields((type) => type)),
  };
}

/** One mail address in our strict grammar. */
export const mailAddressSchema = z
  .string()
  .max(254)
  .refine((text) => parseMailAddress(text) !== null, 'must be a plain ASCII mail address such as `ann@example.org`');

// eslint-disable-next-line no-control-regex -- these are the characters that must not occur
const HEADER_TEXT = /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/;
// eslint-disable-next-line no-control-regex -- these are the characters that must not occur
const BODY_TEXT = /^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$/;

export const subjectSchema = z
  .string()
  .max(LIMITS.subjectCharsMax.value)
  .regex(HEADER_TEXT, 'must be one line without control characters')
  .refine((text) => text.isWellFormed(), 'must be well-formed text');

export const bodySchema = z
  .string()
  .max(LIMITS.bodyCharsMax.value)
  .regex(BODY_TEXT, 'must not hold control characters but line feeds and tabs')
  .refine((text) => text.isWellFormed(), 'must be well-formed text');
