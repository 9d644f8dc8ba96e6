import { z } from 'zod';
import { CHANNELS } from './channels.ts';
import {
  encodedBytes,
  EXTRACT_LIMITS,
  EXTRACT_SEVERITIES,
  EXTRACT_SPAN_PARTS,
  EXTRACT_UNSAFE,
} from './extract-limits.ts';

const L = EXTRACT_LIMITS;
const unsafeInText = new RegExp(`[${EXTRACT_UNSAFE}]`, 'u');
const unsafeInLine = new RegExp(`[\\t\\n${EXTRACT_UNSAFE}]`, 'u');

/** Many lines: line feed and tab are allowed, nothing else that does not draw. */
const text = (max: number): z.ZodString =>
  z
    .string()
    .max(max)
    .refine((value) => !unsafeInText.test(value), 'holds a character that is not allowed');

/** One line. */
const line = (max: number): z.ZodString =>
  z
    .string()
    .max(max)
    .refine((value) => !unsafeInLine.test(value), 'holds a character that is not allowed');

const count = z.int().min(0);

const mimeType = z
  .string()
  .max(L.nameCharsMax)
  .regex(/^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/);

const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/);

/** Evidence, never a verdict. `span` counts characters of `body` or `subject`, or names an entry of a list. */
const findingSchema = z.strictObject({
  rule: z
    .string()
    .max(L.findingRuleCharsMax)
    .regex(/^[a-z0-9_]+$/),
  severity: z.enum(EXTRACT_SEVERITIES),
  span: z
    .strictObject({ part: z.enum(EXTRACT_SPAN_PARTS), start: count, end: count })
    .refine((span) => span.start <= span.end, 'ends before it starts'),
  why: line(L.findingWhyCharsMax),
});

const linkSchema = z.strictObject({ url: line(L.linkUrlCharsMax), text: line(L.linkTextCharsMax) });

const attachmentSchema = z.strictObject({
  name: line(L.nameCharsMax),
  type: mimeType,
  bytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/**
 * A sanitized message as a reader returns it. Zone 1 parses every answer of a reader with this: what a reader returns
 * is hostile too. Unknown keys, over-long fields and characters that do not draw are refused, not repaired.
 */
export const extractSchema = z
  .strictObject({
    channel: z.enum(CHANNELS),
    /** The claimed sender: a bare address where there is one, else cleaned text, else empty. */
    from: line(L.nameCharsMax),
    to: z.array(line(L.nameCharsMax)).max(L.toMax),
    subject: line(L.subjectCharsMax),
    /** The claimed date in UTC, or null when there is none that can be read. */
    date: instant.nullable(),
    body: text(L.bodyCharsMax),
    /** Type of the part that `body` was made from. */
    content_type: mimeType,
    injection_warning: z.boolean(),
    injection_score: z.number().min(0).max(1),
    findings: z.array(findingSchema).max(L.findingsMax),
    links: z.array(linkSchema).max(L.linksMax),
    attachments: z.array(attachmentSchema).max(L.attachmentsMax),
    /** Characters that a person would not have seen and that were taken out. */
    hidden_removed: count,
    /** True when anything was cut to a cap; a finding says what. */
    truncated: z.boolean(),
    /** Characters of the text before `body` was cut. */
    original_length: count,
    /** Characters of `body`. */
    sanitized_length: count,
    sanitized_at: instant,
  })
  .refine((message) => message.sanitized_length === message.body.length, 'sanitized_length is not that of `body`')
  .refine((message) => encodedBytes(message) <= L.encodedBytesMax, 'passes the cap on encoded bytes');

export type Extract = z.infer<typeof extractSchema>;
export type ExtractFinding = z.infer<typeof findingSchema>;
export type ExtractLink = z.infer<typeof linkSchema>;
export type ExtractAttachment = z.infer<typeof attachmentSchema>;
