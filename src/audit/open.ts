import { mkdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { realFiles } from './file-port.ts';
import type { FilePort } from './file-port.ts';
import { EMPTY, MAIN_LOG } from './format.ts';
import type { Place } from './format.ts';
import { followsFrom, readFrame } from './line.ts';
import { AuditLog } from './log.ts';
import { CompactRange, leafHash } from './merkle.ts';
import { keepReserve } from './reserve.ts';
import { readActiveSegment } from './read-segment.ts';
import type { FoundSegment } from './read-segment.ts';
import { FIRST_SEGMENT, readClosedSegments } from './segments.ts';

/** One row of the database's `audit_outbox`: the exact line that stands, or will stand, at `seq`. */
export interface OutboxRow {
  readonly seq: number;
  readonly line: string;
}

export interface LogOptions {
  /** File name inside the folder; `audit.jsonl` unless told. */
  readonly name?: string;
  readonly files?: FilePort;
  /** Bytes after which a segment is closed; 64 MiB unless told. */
  readonly segmentBytesMax?: number;
}

export interface OpenOptions extends LogOptions {
  /** Head after the last recorded line, outbox included, as the database has it. */
  readonly head: Place;
  /** Rows not yet known to be in the log, in order. */
  readonly outbox: readonly OutboxRow[];
}

/** Why a log may not be continued. Outbound acts stop; a person looks. */
export type BrokenReason =
  | 'missing'
  | 'unreadable'
  | 'chain_broken'
  | 'shorter_than_database'
  | 'longer_than_database'
  | 'differs_from_database'
  | 'outbox_broken'
  | 'disk_failed';

export type OpenedLog =
  | { readonly kind: 'ok'; readonly log: AuditLog; readonly recovered: number; readonly cutBytes: number }
  | { readonly kind: 'broken'; readonly reason: BrokenReason; readonly message: string; readonly entry?: number };

const SEGMENT_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Makes an empty log in `dir` (made, 0700, when absent).
 * @throws Error `EEXIST` when there is one already: creating never continues a log.
 */
export async function createLog(dir: string, options: LogOptions = {}): Promise<AuditLog> {
  const files = options.files ?? realFiles;
  const name = options.name ?? MAIN_LOG;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  if (readClosedSegments(dir, name, Number.MAX_SAFE_INTEGER).length > 0) {
    throw new Error(`the folder of \`${name}\` holds closed segments of an older log; move them away first`);
  }
  const file = await files.openFile(join(dir, name), 'create');
  await keepReserve(dir, files);
  const segmentBytesMax = options.segmentBytesMax ?? SEGMENT_BYTES_MAX;
  const segment = { ...FIRST_SEGMENT, leaves: [] };
  return new AuditLog({
    dir,
    name,
    files,
    file,
    bytes: 0,
    place: EMPTY,
    tree: new CompactRange(),
    segment,
    segmentBytesMax,
  });
}

/**
 * Opens a log and distrusts it: every line of the current segment is checked, then compared with what the database
 * recorded. The log may lack only a suffix that the outbox reproduces byte for byte; it is appended here.
 * Nothing on the disk is changed unless the result is `ok`.
 */
export async function openLog(dir: string, options: OpenOptions): Promise<OpenedLog> {
  const files = options.files ?? realFiles;
  const name = options.name ?? MAIN_LOG;
  const start = startOfOutbox(options.head, options.outbox);
  if (start === null) return broken('outbox_broken', 'the outbox in the database does not lead to its own head');
  let found: FoundSegment;
  try {
    found = readActiveSegment(dir, name, start.seq);
  } catch (cause) {
    const reason = existsSync(join(dir, name)) ? 'unreadable' : 'missing';
    return broken(reason, cause instanceof Error ? cause.message : 'the audit log is not readable');
  }
  const difference = compare(found, start, options);
  if (difference !== null) return difference;
  try {
    return await bringUpToDate(dir, { ...options, name, files }, found);
  } catch {
    return broken('disk_failed', 'the audit log could not be brought up to date; check the disk, then start again');
  }
}

/** The place before the first outbox row, or null when the rows are not a chain that ends at `head`. */
function startOfOutbox(head: Place, outbox: readonly OutboxRow[]): Place | null {
  const [first] = outbox;
  if (first === undefined) return head;
  const start: Place = { seq: first.seq - 1, hash: readFrame(first.line)?.prev ?? '' };
  let place = start;
  for (const { seq, line } of outbox) {
    const frame = readFrame(line);
    if (frame === null || frame.seq !== seq || !followsFrom(line, place)) return null;
    place = frame;
  }
  return place.seq === head.seq && place.hash === head.hash ? start : null;
}

/**
 * Null when the log is the database's record less a suffix of the outbox.
 * A line's hash commits to every byte before it, so equal hashes at the log's end mean equal lines up to there.
 */
function compare(found: FoundSegment, start: Place, { head, outbox }: OpenOptions): OpenedLog | null {
  if (found.brokenAt !== null) {
    return broken('chain_broken', `the audit log is broken at entry ${found.brokenAt}`, found.brokenAt);
  }
  const { seq, hash } = found.place;
  if (seq < start.seq) {
    const message = `the audit log ends at entry ${seq}, the database has recorded ${start.seq}: lines were removed`;
    return broken('shorter_than_database', message, seq + 1);
  }
  if (seq > head.seq || (seq === head.seq && found.tornBytes > 0)) {
    const message = `the audit log goes on after entry ${head.seq}, where the database ends: an older database was put back`;
    return broken('longer_than_database', message, head.seq + 1);
  }
  const row = outbox[seq - start.seq - 1];
  const expected = row === undefined ? start.hash : readFrame(row.line)?.hash;
  if (hash === expected) return null;
  return broken('differs_from_database', `entry ${seq} of the audit log is not what the database recorded`, seq);
}

async function bringUpToDate(
  dir: string,
  options: OpenOptions & { name: string; files: FilePort },
  found: FoundSegment,
): Promise<OpenedLog> {
  const { name, files, head, outbox } = options;
  const { tree, segment, place: end } = found;
  // Rows still in the outbox are written again even when they stand in the file: a failed flush may have left them in
  // memory only, and looking cannot tell.
  const rows = outbox.filter((row) => row.seq >= segment.first);
  const bytes = Buffer.from(rows.map((row) => `${row.line}\n`).join(''), 'latin1');
  const file = await files.openFile(join(dir, name), found.exists ? 'open' : 'create');
  try {
    if (found.tornBytes > 0) await file.truncate(found.bytes);
    if (bytes.length > 0) await file.write(bytes, found.markAt);
  } catch (cause) {
    await file.close();
    throw cause;
  }
  await keepReserve(dir, files);
  const lacking = rows.filter((row) => row.seq > end.seq);
  for (const row of lacking) {
    const leaf = leafHash(row.line);
    tree.append(leaf);
    segment.leaves.push(leaf);
  }
  const size = rows.length > 0 ? found.markAt + bytes.length : found.bytes;
  const segmentBytesMax = options.segmentBytesMax ?? SEGMENT_BYTES_MAX;
  const place = { seq: head.seq, hash: head.hash };
  const log = new AuditLog({ dir, name, files, file, bytes: size, place, tree, segment, segmentBytesMax });
  return { kind: 'ok', log, recovered: lacking.length, cutBytes: found.tornBytes };
}

function broken(reason: BrokenReason, message: string, entry?: number): OpenedLog {
  return { kind: 'broken', reason, message, ...(entry === undefined ? {} : { entry }) };
}
