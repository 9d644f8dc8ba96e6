import type { Extract, ExtractLink } from '../contracts/index.ts';
import { encodedBytes, EXTRACT_LIMITS } from '../contracts/index.ts';
import { describeAttachment } from './attachments.ts';
import type { BodyText } from './body.ts';
import { readBody } from './body.ts';
import { CAPS } from './caps.ts';
import { detectInjection } from './detect/detect.ts';
import { Findings } from './findings.ts';
import { reportHidden } from './hidden-report.ts';
import { HiddenRuns } from './html/hidden-runs.ts';
import { readLinks } from './links/read-links.ts';
import type { MessageHeader } from './message-header.ts';
import { readMessageHeader } from './message-header.ts';
import { chooseDisplayed } from './mime/displayed.ts';
import { readTree } from './mime/tree.ts';
import { startOfMessage } from './mime/bytes.ts';
import { noteOutside } from './outside.ts';
import { cutTo } from './text/clean.ts';
import { withholdCodes } from './text/codes.ts';
import { mixedScriptWords } from './text/confusables.ts';

export interface ReaderPorts {
  /** Lower-case hex SHA-256. */
  readonly sha256Hex: (bytes: Uint8Array) => string;
  /** Now, as ISO 8601 in UTC. */
  readonly now: () => string;
}

/**
 * Reads one raw message (RFC 5322, at most `EXTRACT_LIMITS.rawBytesMax` bytes, longer ones are cut) into what a planner
 * may see. Total: any bytes give an extract, and it passes `extractSchema`. Cost is linear in the bytes.
 */
export function readEmail(raw: Uint8Array, ports: ReaderPorts): Extract {
  const findings = new Findings();
  const hidden = new HiddenRuns();
  const bytes = startOfMessage(raw.subarray(0, EXTRACT_LIMITS.rawBytesMax));
  const root = readTree(bytes, findings);
  const header = readMessageHeader(root.fields, hidden, findings);
  const displayed = chooseDisplayed(root, findings);
  noteOutside(root, hidden);
  const text = readBody(displayed.shown, hidden, findings);
  const shown = withhold(header, text, findings);
  const detection = detectInjection({ ...shown, fromName: header.fromName, hidden: hidden.runs });
  for (const found of detection.found) findings.add(found.rule, found.severity, found.why, found.span);
  reportHidden(hidden.runs, detection.hiddenScores, findings);
  const attachments = displayed.attachments
    .slice(0, EXTRACT_LIMITS.attachmentsMax)
    .map((part, index) => describeAttachment(part, index, ports.sha256Hex, findings));
  noteCuts(header, displayed.attachments.length, shown.linksTotal, findings);
  return fit({
    channel: 'email',
    from: header.from,
    to: [...header.to],
    subject: shown.subject,
    date: header.date,
    body: shown.body,
    content_type: text.contentType,
    injection_warning: detection.warning,
    injection_score: Math.round(detection.score * 1000) / 1000,
    findings: findings.list(),
    links: shown.links,
    attachments,
    hidden_removed: hidden.removed,
    truncated: text.cut || raw.length > EXTRACT_LIMITS.rawBytesMax || CUTS.some((rule) => findings.has(rule)),
    original_length: shown.length,
    sanitized_length: shown.body.length,
    sanitized_at: ports.now(),
  });
}

/** Rules that say that something was left out. */
const CUTS: readonly string[] = [
  'body_truncated',
  'recipients_truncated',
  'subject_truncated',
  'links_truncated',
  'attachments_truncated',
  'too_many_parts',
  'nested_too_deep',
  'header_truncated',
];

interface Shown {
  readonly subject: string;
  readonly body: string;
  /** What was cut off behind `body` and is looked at all the same. */
  readonly rest: string;
  /** Characters of the text before it was cut. */
  readonly length: number;
  readonly links: ExtractLink[];
  readonly linksTotal: number;
}

/** Takes codes and sign-in links out, cuts to the caps, and reports both. */
function withhold(header: MessageHeader, text: BodyText, findings: Findings): Shown {
  const subject = withholdCodes(header.subject);
  const codes = withholdCodes(text.text);
  const count = subject.count + codes.count;
  if (count > 0) findings.add('code_withheld', 'info', `${count} one-time code${count === 1 ? '' : 's'} withheld`);
  const read = readLinks(text.links, codes.text, findings);
  const body = cutTo(read.text, EXTRACT_LIMITS.bodyCharsMax);
  const { length } = read.text;
  if (body.length < length) {
    findings.add('body_truncated', 'info', `the text has ${length} characters; the first ${body.length} are kept`);
  }
  for (const { word, at } of mixedScriptWords(body, 10)) {
    const span = { part: 'body', start: at, end: at + word.length } as const;
    findings.add('mixed_script', 'medium', `the word "${word.slice(0, 40)}" mixes scripts`, span);
  }
  return {
    subject: cutTo(subject.text, EXTRACT_LIMITS.subjectCharsMax),
    body,
    rest: read.text.slice(body.length, body.length + CAPS.restCharsMax),
    length,
    links: read.links,
    linksTotal: read.total,
  };
}

function noteCuts(
  header: { readonly toTotal: number; readonly subjectLength: number },
  attachments: number,
  links: number,
  findings: Findings,
): void {
  const L = EXTRACT_LIMITS;
  if (header.toTotal > L.toMax)
    findings.add('recipients_truncated', 'info', `${header.toTotal} recipients; the first ${L.toMax} are kept`);
  if (header.subjectLength > L.subjectCharsMax * 2)
    findings.add('subject_truncated', 'info', 'the subject is longer than what is kept');
  if (attachments > L.attachmentsMax)
    findings.add(
      'attachments_truncated',
      'low',
      `${attachments} attachments; the first ${L.attachmentsMax} are listed`,
    );
  if (links > L.linksMax) findings.add('links_truncated', 'info', `${links} links; the first ${L.linksMax} are listed`);
}

/** INVARIANT: the extract as JSON is at most `encodedBytesMax`. Links go first, then recipients, then the body's end. */
function fit(extract: Extract): Extract {
  if (sizeMax(extract) <= EXTRACT_LIMITS.encodedBytesMax) return extract;
  let size = encodedBytes(extract);
  if (size <= EXTRACT_LIMITS.encodedBytesMax) return extract;
  const links: ExtractLink[] = [];
  size -= encodedBytes(extract.links);
  for (const link of extract.links) {
    size += encodedBytes(link) + 1;
    if (size > EXTRACT_LIMITS.encodedBytesMax - 1_024) break;
    links.push(link);
  }
  const smaller: Extract = { ...extract, links, truncated: true };
  if (encodedBytes(smaller) <= EXTRACT_LIMITS.encodedBytesMax) return smaller;
  // Without links the fixed caps leave the rest below the limit; should a cap be raised, this still holds.
  return {
    ...smaller,
    links: [],
    to: smaller.to.slice(0, 10),
    attachments: smaller.attachments.slice(0, 10),
    findings: smaller.findings.slice(0, 20),
  };
}

/** Bytes of one unit of text as JSON at worst (`\\u0000`), and of the names and numbers of one entry. */
const UNIT_BYTES_MAX = 6;
const ENTRY_BYTES_MAX = 512;

/** An upper bound of `encodedBytes` that costs nothing. */
function sizeMax(extract: Extract): number {
  let units = extract.body.length + extract.subject.length + extract.from.length + extract.content_type.length;
  for (const address of extract.to) units += address.length;
  for (const link of extract.links) units += link.url.length + link.text.length;
  for (const { name, type } of extract.attachments) units += name.length + type.length;
  for (const { why } of extract.findings) units += why.length;
  const entries = extract.to.length + extract.links.length + extract.attachments.length + extract.findings.length + 4;
  return units * UNIT_BYTES_MAX + entries * ENTRY_BYTES_MAX;
}
