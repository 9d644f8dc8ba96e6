import { readFileSync } from 'node:fs';
import { AUDIT_EVENT_NAMES } from '../../contracts/index.ts';
import { openLeaves, parseCheckpoint, proveInclusion, readEntries } from '../../audit/index.ts';
import type { Entry } from '../../audit/index.ts';
import { refuse, type AuditPlace, type CommandOutput } from './audit-log.ts';

export interface ShowCommand extends AuditPlace {
  /** Number of one entry; without it the last ones are shown. */
  readonly entry?: number;
  /** How many of the last entries; 20 unless told. */
  readonly last?: number;
  readonly event?: string;
  /** A date or time; entries before it are left out. */
  readonly since?: string;
  readonly json?: boolean;
  /** Print the proof that `entry` is in the log a checkpoint signed. */
  readonly proof?: boolean;
  /** File with the checkpoint the proof leads to. */
  readonly checkpoint?: string;
}

const LAST = 20;

/** `hardshell audit-log show`. Exit code 1 when there is nothing to show or a shown line is damaged, 2 for wrong use. */
export function auditLogShow(options: ShowCommand, output: CommandOutput): number {
  const { event, entry: seq } = options;
  if (event !== undefined && !AUDIT_EVENT_NAMES.some((name) => name === event)) {
    const message = `no event is called \`${printable(event)}\`; there are: ${AUDIT_EVENT_NAMES.join(', ')}`;
    return refuse(message, options, output);
  }
  const since = options.since === undefined ? undefined : new Date(options.since);
  if (since !== undefined && Number.isNaN(since.getTime())) {
    const message = `\`${printable(options.since ?? '')}\` is not a date; write it like 2026-01-31 or 2026-01-31T12:00:00Z`;
    return refuse(message, options, output);
  }
  if (options.proof === true) return showProof(options, output);
  const entries = readEntries(options.auditDir, {
    last: options.last ?? LAST,
    ...(seq === undefined ? {} : { seq }),
    ...(event === undefined ? {} : { event }),
    ...(since === undefined ? {} : { since: since.toISOString() }),
  });
  if (entries.length === 0) {
    if (seq === undefined) {
      // No line is the answer of programs.
      if (options.json !== true) output.write('no entries');
      return 0;
    }
    const message = `there is no entry ${seq} in the log`;
    output.write(options.json === true ? JSON.stringify({ ok: false, error: 'not_found', message }) : message);
    return 1;
  }
  for (const entry of entries) output.write(options.json === true ? renderJson(entry) : renderLine(entry));
  return entries.every((entry) => entry.good) ? 0 : 1;
}

/** Inclusion proof in the form of C2SP tlog-proof: index, hashes, an empty line, the checkpoint. */
function showProof(options: ShowCommand, output: CommandOutput): number {
  const { auditDir, entry, checkpoint } = options;
  if (entry === undefined || checkpoint === undefined) {
    const message =
      'a proof needs the number of an entry and --checkpoint FILE (make one with `hardshell audit-log checkpoint`)';
    return refuse(message, options, output);
  }
  const note = readFileSync(checkpoint, 'utf8');
  const head = parseCheckpoint(note);
  const leaves = openLeaves(auditDir);
  if (head === null || head.size > leaves.size || entry < 1 || entry > head.size) {
    output.write(`entry ${entry} is not among those of the checkpoint \`${printable(checkpoint)}\``);
    return 1;
  }
  const proof = proveInclusion(leaves.source, { index: entry - 1, size: head.size });
  output.write('c2sp.org/tlog-proof@v1');
  output.write(`index ${entry - 1}`);
  for (const hash of proof) output.write(hash.toString('base64'));
  output.write('');
  output.write(note.replace(/\n$/, ''));
  return 0;
}

/** A damaged line may hold anything; as JSON it is shown as a string. */
function renderJson({ line, good }: Entry): string {
  return good && line === printable(line) ? line : JSON.stringify({ damaged: printable(line) });
}

function renderLine({ line, good }: Entry): string {
  const match =
    /^\{"v":1,"seq":(\d+),"time":"([^"]*)","mode":"([^"]*)","event":"([^"]*)","zone":"([^"]*)",(.*),"prev":"/.exec(
      line,
    );
  if (!good || match === null) return `!! damaged: ${printable(line)}`;
  const [, seq = '', time = '', , event = '', zone = '', rest = ''] = match;
  const plain = rest
    .replace(/"details":\{(.*)\}$/, '$1')
    .replaceAll('"', '')
    .replaceAll(',', ' ')
    .replaceAll(':', '=');
  return printable(`${seq.padStart(7)}  ${time}  ${event.padEnd(20)} ${zone.padEnd(18)} ${plain}`.trimEnd());
}

/** Printable ASCII only: a damaged file must not be able to drive a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[^ -~]/g, (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}
