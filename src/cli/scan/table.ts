import type { Row } from './row.ts';
import { LEVELS, type Level, type Threshold } from './row.ts';
import type { PassedOver } from './sources/walk.ts';
import { countAtLeast, type Summary } from './summary.ts';
import { fitText, safeText, wrapText } from './terminal-text.ts';

export interface TableStyle {
  /** Paths below this folder are shown without it. */
  readonly folder?: string;
  readonly columns: number;
  readonly color: boolean;
}

const COLORS: Readonly<Record<Level, string>> = { none: '2', info: '2', low: '36', medium: '33', high: '31;1' };
const FAILURES: Readonly<Record<string, string>> = {
  crashed: 'the reader crashed on it',
  out_of_memory: 'it used up the memory of a reader',
  timeout: 'it used up the time of a reader',
  refused: 'the reader could not read it',
  lying: 'the reader answered what it may not',
  too_large: 'it is larger than a reader takes',
  too_deep: 'it is nested deeper than a reader takes',
  unreadable: 'it could not be opened',
};

/** Two or more lines of one message: level and place, then sender and subject, then why, worst rules first. */
export function describeRow(row: Row, style: TableStyle): readonly string[] {
  const path = shortPath(row.source, style.folder);
  const place = row.number === null ? path : `${path} #${row.number}`;
  const head = `${paint(row.level.padEnd(6), row.level, style)}  ${row.channel.padEnd(CHANNEL)}  ${fitText(place, Math.max(20, style.columns - 10 - CHANNEL)).trimEnd()}`;
  if (row.failed !== null) return [head, `        not read: ${FAILURES[row.failed] ?? 'unknown'}`];
  // What the message says comes last on its line: letters that run from right to left then move nothing else.
  const who = [
    `        from ${fitText(row.from || '(nobody)', Math.max(20, style.columns - 13)).trimEnd()}`,
    ...subjectOf(row).map((text) => `        ${fitText(text, Math.max(20, style.columns - 8)).trimEnd()}`),
  ];
  return [head, ...who, ...describeFindings(row, style)];
}

/** Columns of the longest name of a channel. */
const CHANNEL = 8;

/** Chat messages have none. */
function subjectOf(row: Row): readonly string[] {
  return row.subject !== '' ? [row.subject] : row.channel === 'email' ? ['(no subject)'] : [];
}

const FINDINGS_SHOWN = 4;

function describeFindings(row: Row, style: TableStyle): readonly string[] {
  const byRule = new Map<string, { count: number; finding: Row['findings'][number] }>();
  for (const finding of row.findings) {
    const known = byRule.get(finding.rule);
    if (known === undefined) byRule.set(finding.rule, { count: 1, finding });
    else known.count += 1;
  }
  const worstFirst = [...byRule.values()].sort((a, b) => rank(b.finding.severity) - rank(a.finding.severity));
  const lines = worstFirst.slice(0, FINDINGS_SHOWN).flatMap(({ count, finding }) => {
    const times = count > 1 ? ` ×${count}` : '';
    const [first = '', ...rest] = wrapText(`${finding.rule}${times}: ${finding.why}`, Math.max(20, style.columns - 10));
    return [`        ${paint('•', finding.severity, style)} ${first}`, ...rest.map((line) => `          ${line}`)];
  });
  const more = worstFirst.length - FINDINGS_SHOWN;
  return more > 0 ? [...lines, `        … and ${more} more ${more === 1 ? 'rule' : 'rules'}`] : lines;
}

/** The end of a scan: counts, rules with the worst first, inputs that could not be read. */
export function describeSummary(
  summary: Summary,
  options: TableStyle & { readonly threshold: Threshold; readonly elapsedMs: number },
): readonly string[] {
  const { messages, levels } = summary;
  const perSecond = options.elapsedMs > 0 ? Math.round(messages / (options.elapsedMs / 1_000)) : messages;
  const plain = levels.none + levels.info;
  const lines = [
    `${number(messages)} ${messages === 1 ? 'message' : 'messages'}, ${size(summary.bytes)}, in ${duration(options.elapsedMs)} (${number(perSecond)} a second)`,
    `  ${paint('high', 'high', options)} ${number(levels.high)} · ${paint('medium', 'medium', options)} ${number(levels.medium)} · ${paint('low', 'low', options)} ${number(levels.low)} · nothing to report ${number(plain)}`,
  ];
  if (summary.hidden > 0) lines.push(`  ${number(summary.hidden)} hidden characters were taken out`);
  const failed = Object.entries(summary.failed);
  for (const [reason, times] of failed)
    lines.push(`  ${number(times)} not read: ${FAILURES[reason] ?? safeText(reason)}`);
  const rules = Object.entries(summary.rules).sort(
    ([, a], [, b]) => rank(b.severity) - rank(a.severity) || b.messages - a.messages,
  );
  if (rules.length > 0) lines.push('', 'By rule, worst first:');
  for (const [rule, entry] of rules) {
    lines.push(
      `  ${paint(entry.severity.padEnd(6), entry.severity, options)} ${fitText(rule, 34)} in ${number(entry.messages)} ${entry.messages === 1 ? 'message' : 'messages'}`,
    );
  }
  if (summary.problems.length > 0) lines.push('', 'Not scanned:');
  for (const problem of summary.problems)
    lines.push(`  \`${safeText(shortPath(problem.path, options.folder))}\` ${problem.sentence}`);
  if (summary.problemsBeyond > 0) lines.push(`  … and ${number(summary.problemsBeyond)} more`);
  const found = countAtLeast(summary, options.threshold);
  lines.push(
    '',
    found === 0
      ? `No message at ${options.threshold} or above.`
      : `${number(found)} ${found === 1 ? 'message' : 'messages'} at ${options.threshold} or above.`,
  );
  return lines;
}

/** Null where nothing was. */
export function describePassed({ links, others }: PassedOver): string | null {
  const parts = [
    ...(links === 0 ? [] : [`${number(links)} ${links === 1 ? 'link' : 'links'} (name one to scan what it leads to)`]),
    ...(others === 0
      ? []
      : [`${number(others)} ${others === 1 ? 'pipe, socket or device' : 'pipes, sockets or devices'}`]),
  ];
  return parts.length === 0 ? null : `Passed over: ${parts.join(' and ')}`;
}

export function number(value: number): string {
  return value.toLocaleString('en-US').replaceAll(',', ' ');
}

export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

export function duration(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function shortPath(path: string, folder: string | undefined): string {
  return folder !== undefined && path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
}

function paint(text: string, level: Level, style: TableStyle): string {
  return style.color ? `\u001b[${COLORS[level]}m${text}\u001b[0m` : text;
}

function rank(level: Level): number {
  return LEVELS.indexOf(level);
}
