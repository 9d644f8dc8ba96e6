import type { Extract, ExtractAttachment, ExtractLink } from '../contracts/index.ts';
import { encodedBytes, EXTRACT_LIMITS } from '../contracts/index.ts';
import { CAPS } from './caps.ts';
import { detectInjection, type Detection } from './detect/detect.ts';
import type { Findings } from './findings.ts';
import { reportHidden } from './hidden-report.ts';
import type { HiddenRuns } from './hidden-runs.ts';
import type { RawLink } from './links/raw-link.ts';
import { readLinks } from './links/read-links.ts';
import { cutTo } from './text/clean.ts';
import { withholdCodes } from './text/codes.ts';
import { mixedScriptWords } from './text/confusables.ts';

export interface ReaderPorts {
  /** Lower-case hex SHA-256. */
  readonly sha256Hex: (bytes: Uint8Array) => string;
  /** Now, as ISO 8601 in UTC. */
  readonly now: () => string;
}

/** What a message said, clean and uncut. */
export interface Parts {
  readonly channel: Extract['channel'];
  readonly from: string;
  /** Cleaned display name: scanned like the text. */
  readonly fromName: string;
  readonly to: readonly string[];
  readonly toTotal: number;
  readonly subject: string;
  readonly subjectLength: number;
  readonly date: string | null;
  readonly text: string;
  readonly links: readonly RawLink[];
  readonly contentType: string;
  /** At most `EXTRACT_LIMITS.attachmentsMax`; asked once, after the text. */
  readonly attachments: () => readonly ExtractAttachment[];
  readonly attachmentsTotal: number;
  /** Something was left out already. */
  readonly cut: boolean;
}

/** The last station of every reader: codes withheld, links inspected, orders to a machine heard, everything cut to the caps. */
export function finish(
  parts: Parts,
  { hidden, findings, ports }: { hidden: HiddenRuns; findings: Findings; ports: ReaderPorts },
): Extract {
  const shown = withhold(parts, findings);
  const detection = detectInjection({ ...shown, fromName: parts.fromName, hidden: hidden.runs });
  for (const found of detection.found) findings.add(found.rule, found.severity, found.why, found.span);
  reportHidden(hidden.runs, detection.hiddenScores, findings);
  const attachments = [...parts.attachments()];
  const named = hearNames(attachments, shown.links, findings);
  noteCuts(parts, shown.linksTotal, findings);
  return fit({
    channel: parts.channel,
    from: parts.from,
    to: [...parts.to],
    subject: shown.subject,
    date: parts.date,
    body: shown.body,
    content_type: parts.contentType,
    injection_warning: detection.warning || named.warning,
    injection_score: Math.round(Math.max(detection.score, named.score) * 1000) / 1000,
    findings: findings.list(),
    links: shown.links,
    attachments,
    hidden_removed: hidden.removed,
    truncated: parts.cut || CUTS.some((rule) => findings.has(rule)),
    original_length: shown.length,
    sanitized_length: shown.body.length,
    sanitized_at: ports.now(),
  });
}

/** Names of files, and addresses that are none: a planner reads them like words. */
function hearNames(files: readonly ExtractAttachment[], links: readonly ExtractLink[], findings: Findings): Detection {
  const names = files.map((file) => file.name);
  const odd = links.map((link) => link.url).filter((url) => !/^[a-z][a-z0-9+.-]*:[^\s]*$/i.test(url));
  const text = [...names, ...odd].join('\n').slice(0, CAPS.restCharsMax);
  const heard = detectInjection({ subject: '', fromName: '', body: text, rest: '', hidden: [] });
  const span = { part: 'attachments', start: 0, end: files.length } as const;
  for (const found of heard.found) findings.add(found.rule, found.severity, `a name or address: ${found.why}`, span);
  return heard;
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
function withhold(parts: Parts, findings: Findings): Shown {
  const subject = withholdCodes(parts.subject);
  const codes = withholdCodes(parts.text);
  const count = subject.count + codes.count;
  if (count > 0) findings.add('code_withheld', 'info', `${count} one-time code${count === 1 ? '' : 's'} withheld`);
  const read = readLinks(parts.links, codes.text, findings);
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

function noteCuts(parts: Parts, links: number, findings: Findings): void {
  const L = EXTRACT_LIMITS;
  if (parts.toTotal > L.toMax)
    findings.add('recipients_truncated', 'info', `${parts.toTotal} recipients; the first ${L.toMax} are kept`);
  if (parts.subjectLength > L.subjectCharsMax * 2)
    findings.add('subject_truncated', 'info', 'the subject is longer than what is kept');
  if (parts.attachmentsTotal > L.attachmentsMax)
    findings.add(
      'attachments_truncated',
      'low',
      `${parts.attachmentsTotal} attachments; the first ${L.attachmentsMax} are listed`,
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
