import type { HiddenRuns } from './hidden-runs.ts';
import { decodeLoose } from './mime/bytes.ts';
import type { Part } from './mime/tree.ts';
import { cleanText } from './text/clean.ts';

const USUAL =
  /multi-?part message|MIME(?:-| )(?:format|encapsulated|compliant|aware)|S\/MIME|digitally signed|cryptographically signed/i;
const EDGE_BYTES_MAX = 8_192;
/** Header fields whose free text no mail program shows. */
const UNSEEN_FIELD =
  /^(?:x-(?!spam|google|ms|originat|mailer|priority|forefront|microsoft|sg|mailgun|ses|proofpoint|virus|amavis|received|gm|yandex|report|csa|feedback|list|campaign|mc)|comments$|keywords$|content-description$|thread-topic$)/;

/** Keeps for the detector what stands where nobody looks: before and after the parts, and in odd header fields. */
export function noteOutside(root: Part, hidden: HiddenRuns): void {
  const stack: Part[] = [root];
  for (let part = stack.pop(); part !== undefined; part = stack.pop()) {
    if (part.firstDelimiterAt > part.start)
      note('before the first part', part, part.start, part.firstDelimiterAt, hidden);
    if (part.epilogueAt >= 0) note('after the last part', part, part.epilogueAt, nextAfter(part), hidden);
    for (const field of part.fields) {
      if (field.value.length > 24 && field.value.includes(' ') && UNSEEN_FIELD.test(field.name)) {
        hidden.add('header', `header field ${field.name.slice(0, 40)}`, cleanText(field.value.slice(0, 2_000)), 0);
      }
    }
    stack.push(...part.children);
  }
}

function note(how: string, part: Part, from: number, to: number, hidden: HiddenRuns): void {
  const text = cleanText(decodeLoose(part.bytes.subarray(from, Math.min(to, from + EDGE_BYTES_MAX)))).trim();
  if (text.length < 12 || (USUAL.test(text) && text.length < 400)) return;
  hidden.removed += text.length;
  hidden.add('mime', how, text, 0);
}

/** Where the text behind a closed multipart ends: at its parent's next delimiter, or at the end. */
function nextAfter(part: Part): number {
  const { parent } = part;
  if (parent === null || parent.bytes !== part.bytes) return part.bytes.length;
  const next = parent.children[parent.children.indexOf(part) + 1];
  return next === undefined ? parent.end : Math.max(part.epilogueAt, next.start - 4_096);
}
