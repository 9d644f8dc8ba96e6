/**
 * Caps of a sanitized message (design, section 9). In a file of its own without `zod`: the readers carry the numbers,
 * Zone 1 carries the check.
 */
export const EXTRACT_LIMITS = {
  /** Characters (UTF-16 units) of `body`. */
  bodyCharsMax: 10_000,
  /** RFC 5322, section 2.1.1. */
  subjectCharsMax: 998,
  /** Characters of `from`, of an entry of `to`, of an attachment's name or type. */
  nameCharsMax: 255,
  toMax: 100,
  findingsMax: 100,
  findingWhyCharsMax: 200,
  findingRuleCharsMax: 64,
  linksMax: 200,
  linkUrlCharsMax: 2_048,
  linkTextCharsMax: 256,
  attachmentsMax: 100,
  /** Bytes of the whole message as JSON in UTF-8. */
  encodedBytesMax: 262_144,
  /** Largest raw message a reader takes. */
  rawBytesMax: 52_428_800,
} as const;

/** What a finding's `span` counts in: characters of that text, or the index in that list. */
export const EXTRACT_SPAN_PARTS = [
  'body',
  'subject',
  'from',
  'to',
  'date',
  'links',
  'attachments',
  'removed',
  'message',
] as const;

export const EXTRACT_SEVERITIES = ['info', 'low', 'medium', 'high'] as const;

/**
 * Characters that no string of an extract may hold: controls (but for line feed and tab in `body`), lone surrogates,
 * zero-width and bidirectional controls, soft hyphen and other joiners, tag characters, variation selectors,
 * interlinear marks, fillers that draw nothing, line and paragraph separators, non-characters.
 */
export const EXTRACT_UNSAFE =
  '\\u0000-\\u0008\\u000B-\\u001F\\u007F-\\u009F\\u00AD\\u034F\\u061C\\u115F\\u1160\\u17B4\\u17B5\\u180B-\\u180F' +
  '\\u200B-\\u200F\\u2028-\\u202E\\u2060-\\u206F\\u2800\\u3164\\uFE00-\\uFE0F\\uFEFF\\uFFA0\\uFFF0-\\uFFFB\\uFDD0-\\uFDEF\\uFFFE\\uFFFF' +
  '\\u{1BCA0}-\\u{1BCA3}\\u{1D173}-\\u{1D17A}\\u{E0000}-\\u{E0FFF}\\p{Cs}';

/** Bytes of `value` as JSON in UTF-8, without making the bytes. */
export function encodedBytes(value: unknown): number {
  const json = JSON.stringify(value);
  let bytes = json.length;
  for (let i = 0; i < json.length; i++) {
    const unit = json.charCodeAt(i);
    // A surrogate pair is four bytes over two units: one more a unit, like U+0080-U+07FF.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}
