import { leafAt, LineChecker } from './check-line.ts';
import { EMPTY } from './format.ts';
import type { Place } from './format.ts';
import { SubtreeStack } from './merkle.ts';
import type { Subtree } from './merkle.ts';
import { scanLines } from './scan.ts';

/** A piece of one file that begins at the start of a line. Plain data: it travels to a worker thread. */
export interface RangeJob {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  /** Whether the tree is wanted; the chain alone takes half the time. */
  readonly tree: boolean;
  /** Tree sizes whose roots are wanted, ascending. */
  readonly sizes: readonly number[];
  /** Numbers of entries whose hashes are wanted. */
  readonly marks: readonly number[];
}

/** What the main log says that verification has to compare with something else. */
export type Note =
  | { readonly kind: 'anchor'; readonly at: number; readonly log: string; readonly seq: number; readonly hash: string }
  | { readonly kind: 'retired'; readonly through: number };

export interface RangeResult {
  /** Place before the first line, as that line claims it; null when there is no good line. */
  readonly before: Place | null;
  readonly last: Place | null;
  readonly lines: number;
  /** Whether a line was found that is not good; `lines` good ones stand before it. */
  readonly broken: boolean;
  readonly bytes: number;
  readonly tornBytes: number;
  /** Subtrees, cut wherever one of `sizes` is reached. */
  readonly parts: readonly { readonly size: number; readonly subtrees: readonly Subtree[] }[];
  readonly marked: readonly Place[];
  readonly notes: readonly Note[];
}

/** Checks every line of a range against its own hash and the one before it; how it joins its neighbours is told. */
export function verifyRange(job: RangeJob): RangeResult {
  const line = new LineChecker(EMPTY);
  const marks = new Set(job.marks);
  const sizes = new Set(job.sizes);
  const parts: { size: number; subtrees: Subtree[] }[] = [];
  const marked: Place[] = [];
  const notes: Note[] = [];
  let before: Place | null = null;
  let last: Place | null = null;
  let stack = new SubtreeStack(0);
  let lines = 0;
  const scanned = scanLines(job.path, job, (buffer, start, end) => {
    const { seq, hash } = line;
    const good = line.check(buffer, start, end);
    if (lines === 0 && good) {
      before = { seq: line.seq - 1, hash: line.prev };
      stack = new SubtreeStack(line.seq - 1);
    } else if (!good || !line.joins) {
      if (lines > 0) last = { seq, hash };
      return false;
    }
    lines += 1;
    if (marks.size > 0 && marks.has(line.seq)) marked.push({ seq: line.seq, hash: line.hash });
    const note = readNote(buffer, line, end - start);
    if (note !== null) notes.push(note);
    if (job.tree) {
      stack.append(leafAt(buffer, start, end));
      if (sizes.has(line.seq)) parts.push({ size: line.seq, subtrees: stack.take() });
    }
    return true;
  });
  if (!scanned.stopped && lines > 0) last = { seq: line.seq, hash: line.hash };
  parts.push({ size: line.seq, subtrees: stack.take() });
  const { stopped: broken, bytes, tornBytes } = scanned;
  return { before, last, lines, broken, bytes, tornBytes, parts, marked, notes };
}

const ANCHORED = 'other_log_anchored"';
const RETIRED = 'lines_retired"';

/** Reads the two kinds of line that verification acts on; all others are bytes to it. */
function readNote(buffer: Buffer, line: LineChecker, length: number): Note | null {
  const second = buffer[line.eventAt + 1];
  if (second !== 116 && second !== 105) return null; // neither o[t]her nor l[i]nes
  const text = buffer.toString('latin1', line.eventAt, line.eventAt + length);
  if (text.startsWith(ANCHORED)) {
    const match = /"details":\{"log":"([a-z-]{1,32})","seq":([0-9]{1,15}),"hash":"([0-9a-f]{64})"\}/.exec(text);
    if (match === null) return null;
    return { kind: 'anchor', at: line.seq, log: match[1] ?? '', seq: Number(match[2]), hash: match[3] ?? '' };
  }
  if (!text.startsWith(RETIRED)) return null;
  const match = /"details":\{"through":([0-9]{1,15})\}/.exec(text);
  return match === null ? null : { kind: 'retired', through: Number(match[1]) };
}
