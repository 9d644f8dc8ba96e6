import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { HardshellError } from '../../contracts/index.ts';
import { closeInheritedDescriptors, explainBubblewrapError } from '../../isolation/index.ts';
import { ProgressKeeper } from '../scan/keeper.ts';
import { openLauncher, type ReaderLauncher } from '../scan/launch.ts';
import { measure } from '../scan/measure.ts';
import { canGoOn, ScanOutput, type OutputFormat } from '../scan/output.ts';
import { ProgressLine } from '../scan/progress.ts';
import { isAtLeast, LEVELS, type Threshold } from '../scan/row.ts';
import { runScan } from '../scan/run.ts';
import { defaultStatePath, digestAsked, loadProgress, type Progress } from '../scan/state-file.ts';
import type { PassedOver } from '../scan/sources/walk.ts';
import { countAtLeast } from '../scan/summary.ts';
import { number } from '../scan/table.ts';

export interface ScanOptions {
  /** Files and folders; `-` alone is standard input. */
  readonly paths: readonly string[];
  /** One JSON object a line on standard output. */
  readonly json?: boolean;
  /** A page is written to this file. */
  readonly html?: string;
  readonly threshold?: string;
  /** Worst messages that the table shows. */
  readonly top?: number;
  /** A line group for every message instead of the worst. */
  readonly all?: boolean;
  readonly state?: string;
  readonly restart?: boolean;
  /** Readers at the same time; default: one a core. */
  readonly jobs?: number;
}

export interface ScanPlace {
  readonly home: string;
  readonly checkout: string;
  readonly node: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface ScanStreams {
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

const TOP_DEFAULT = 20;
const TOP_MAX = 1_000;

/**
 * `hardshell scan`. Exit code 0: done; 3: done, with messages at or above the threshold; 1: something could not be
 * scanned, or it was interrupted; 2: wrong use.
 */
export async function scan(options: ScanOptions, place: ScanPlace, streams: ScanStreams): Promise<number> {
  const asked = parseOptions(options);
  if (typeof asked === 'string') return refuse(streams, asked, { code: 2, json: options.json === true });
  // A sandbox hands on what it inherits: whatever our starter left open is closed first.
  closeInheritedDescriptors();
  try {
    const launcher = await openLauncher(place);
    try {
      return await scanWith(launcher, { options, asked, place, streams });
    } finally {
      await launcher.close();
    }
  } catch (error) {
    if (error instanceof HardshellError)
      return refuse(streams, explain(error), { code: 1, json: options.json === true });
    if (isSystemError(error))
      return refuse(streams, `\`${error.path ?? 'a file'}\` could not be used (${error.code}); check path and disk`, {
        code: 1,
        json: options.json === true,
      });
    throw error;
  }
}

interface Asked {
  readonly paths: readonly string[];
  readonly fromStdin: boolean;
  readonly format: OutputFormat;
  readonly threshold: Threshold;
  readonly top: number;
  readonly readers: number;
}

interface At {
  readonly options: ScanOptions;
  readonly asked: Asked;
  readonly place: ScanPlace;
  readonly streams: ScanStreams;
}

async function scanWith(launcher: ReaderLauncher, { options, asked, place, streams }: At): Promise<number> {
  const { keeper, statePath, earlier } = openKeeper({ options, asked, place });
  const { summary } = keeper;
  const output = new ScanOutput(asked.format, { ...streams, ...asked }, earlier);
  if (earlier !== null) note(streams, `going on after ${number(summary.messages)} messages; --restart begins anew`);
  const total = asked.fromStdin ? null : measure(asked.paths);
  const progress = new ProgressLine({ stream: streams.stderr, summary, totalBytes: () => total?.bytes() ?? null });
  const passed: PassedOver = { links: 0, others: 0 };
  let finished = false;
  try {
    finished = await runScan({
      passed,
      ...asked,
      stdin: asked.fromStdin ? streams.stdin : null,
      launcher,
      from: keeper.position,
      summary,
      signal: streams.signal,
      onRow: async (row, after) => {
        if (asked.format.kind === 'table' && options.all === true) progress.clear();
        await output.row(row);
        keeper.advance(after, output);
      },
      onProblem: (problem) => output.problem(problem),
      onChanged: () => {
        note(streams, 'the inputs changed since the scan was interrupted: beginning anew');
        keeper.restart();
        output.restart();
      },
    });
  } finally {
    total?.stop();
    progress.end();
    // Interrupted or failed: what was done is kept, and the same command goes on behind it.
    if (!finished) {
      keeper.save(output);
      output.close();
    }
  }
  if (!finished) {
    return say(streams, `stopped after ${number(summary.messages)} messages; ${statePath === null ? LOST : KEPT}`, 1);
  }
  await output.finish(summary, keeper.elapsedMs, passed);
  keeper.remove();
  if (countAtLeast(summary, asked.threshold) > 0) return 3;
  return summary.problems.length > 0 ? 1 : 0;
}

const LOST = 'standard input cannot be resumed';
const KEPT = 'run the same command again to go on from here, with --restart to begin anew';

interface Opened {
  readonly keeper: ProgressKeeper;
  readonly statePath: string | null;
  readonly earlier: Progress | null;
}

/** Finds what an interrupted run of the same command left. */
function openKeeper({ options, asked, place }: Omit<At, 'streams'>): Opened {
  const { format } = asked;
  const written = format.kind === 'html' ? format.path : '';
  const digest = digestAsked([
    asked.paths,
    [format.kind, written, asked.threshold, String(asked.top), String(options.all)],
  ]);
  const statePath = asked.fromStdin ? null : (options.state ?? defaultStatePath(digest, place.env));
  const found = statePath === null || options.restart === true ? null : loadProgress(statePath, digest);
  const earlier = found !== null && canGoOn(format, found.outputBytes) ? found : null;
  return { keeper: new ProgressKeeper({ path: statePath, asked: digest, earlier }), statePath, earlier };
}

function parseOptions(options: ScanOptions): Asked | string {
  const { paths, threshold = 'medium', top = TOP_DEFAULT, jobs = availableParallelism() } = options;
  if (paths.length === 0)
    return 'give a path: an mbox, a Maildir, .eml files, a chat export or a folder of them, or `-` for standard input';
  const fromStdin = paths.includes('-');
  if (fromStdin && paths.length > 1) return '`-` (standard input) stands alone; scan the other paths by themselves';
  if (options.json === true && options.html !== undefined) return 'give --json or --html, not both';
  if (!isThreshold(threshold)) return '--threshold is one of low, medium, high';
  if (!Number.isInteger(top) || top < 0 || top > TOP_MAX) return `--top is a number from 0 to ${TOP_MAX}`;
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > 64) return '--jobs is a number from 1 to 64';
  const format: OutputFormat =
    options.json === true
      ? { kind: 'json' }
      : options.html === undefined
        ? { kind: 'table', all: options.all ?? false }
        : { kind: 'html', path: resolve(options.html) };
  return {
    paths: fromStdin ? paths : paths.map((path) => resolve(path)),
    fromStdin,
    format,
    threshold,
    top,
    readers: jobs,
  };
}

/** Bubblewrap's refusal in the words that `up` uses for it. */
function explain(error: HardshellError): string {
  const said = /could not be walled in: (.*)$/s.exec(error.message)?.[1];
  if (said === undefined) return error.message;
  const { reason, remedy } = explainBubblewrapError(said);
  return `readers cannot be walled in here: ${reason}; ${remedy}`;
}

function isThreshold(text: string): text is Threshold {
  return LEVELS.some((level) => level === text && isAtLeast(level, 'low'));
}

function isSystemError(error: unknown): error is Error & { readonly code: string; readonly path?: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error;
}

function note(streams: ScanStreams, sentence: string): void {
  streams.stderr.write(`hardshell: ${sentence}\n`);
}

function say(streams: ScanStreams, sentence: string, code: number): number {
  note(streams, sentence);
  return code;
}

/** As every command says that it does nothing: one object for programs, a sentence for persons. */
function refuse(streams: ScanStreams, sentence: string, how: { readonly code: 1 | 2; readonly json: boolean }): number {
  if (!how.json) return say(streams, sentence, how.code);
  const error = how.code === 2 ? 'wrong_use' : 'failed';
  streams.stdout.write(`${JSON.stringify({ ok: false, error, message: sentence })}\n`);
  return how.code;
}
