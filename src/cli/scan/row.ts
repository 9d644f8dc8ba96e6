import { EXTRACT_SEVERITIES } from '../../contracts/index.ts';
import type { Channel } from './launch.ts';
import type { ReadFailure, ReadResult } from './reader-session.ts';
import type { FoundMessage } from './sources/messages.ts';

export type Level = 'none' | (typeof EXTRACT_SEVERITIES)[number];
export type Threshold = 'low' | 'medium' | 'high';

/** In rising order. */
export const LEVELS: readonly Level[] = ['none', ...EXTRACT_SEVERITIES];

export interface RowFinding {
  readonly rule: string;
  readonly severity: Exclude<Level, 'none'>;
  readonly why: string;
  readonly part: string;
  readonly start: number;
  readonly end: number;
}

/** What a scan reports of one message. Texts come from the message: safe to store, hostile to draw. */
export interface Row {
  readonly channel: Channel;
  readonly source: string;
  readonly number: number | null;
  readonly offset: number;
  readonly bytes: number;
  readonly level: Level;
  readonly failed: ReadFailure | null;
  readonly from: string;
  readonly subject: string;
  readonly date: string | null;
  readonly score: number;
  readonly warning: boolean;
  readonly hidden: number;
  readonly links: number;
  readonly attachments: readonly string[];
  readonly truncated: boolean;
  readonly findings: readonly RowFinding[];
}

const EMPTY = {
  from: '',
  subject: '',
  date: null,
  score: 0,
  warning: false,
  hidden: 0,
  links: 0,
  attachments: [],
  truncated: false,
  findings: [],
};

/** A message that could not be read counts as `high`: whatever kills a reader deserves a look. */
export function makeRow(found: Omit<FoundMessage, 'bytes' | 'after' | 'kind' | 'failure'>, result: ReadResult): Row {
  const { channel, source, number, offset, size: bytes } = found;
  if (result.kind === 'failed')
    return { channel, source, number, offset, bytes, ...EMPTY, level: 'high', failed: result.reason };
  const { extract } = result;
  const findings = extract.findings.map(({ rule, severity, why, span }) => ({ rule, severity, why, ...span }));
  return {
    channel,
    source,
    number,
    offset,
    bytes,
    level: highest(findings.map((finding) => finding.severity)),
    failed: null,
    from: extract.from,
    subject: extract.subject,
    date: extract.date,
    score: extract.injection_score,
    warning: extract.injection_warning,
    hidden: extract.hidden_removed,
    links: extract.links.length,
    attachments: extract.attachments.map((attachment) => attachment.name),
    truncated: extract.truncated,
    findings,
  };
}

export function isAtLeast(level: Level, threshold: Level): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(threshold);
}

/** Worse first: by level, then score, then findings, then as they came. */
export function compareWorst(a: Row, b: Row): number {
  return (
    LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level) || b.score - a.score || b.findings.length - a.findings.length
  );
}

/** A row as one line of `--json`. */
export function rowToJson(row: Row): string {
  const { from, subject, date, score, warning, hidden, links, attachments, truncated, findings, failed, ...place } =
    row;
  const status = failed === null ? { status: 'read' } : { status: 'failed', reason: failed };
  const read = {
    from,
    subject,
    date,
    injection_score: score,
    injection_warning: warning,
    hidden_removed: hidden,
    links,
    attachments,
    truncated,
    findings,
  };
  return JSON.stringify({ type: 'message', ...place, ...status, ...(failed === null ? read : {}) });
}

function highest(levels: readonly Level[]): Level {
  return levels.reduce<Level>((worst, level) => (isAtLeast(level, worst) ? level : worst), 'none');
}
