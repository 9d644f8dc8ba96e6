import type { Readable } from 'node:stream';
import { LIMITS } from '../../contracts/index.ts';
import type { ReaderLauncher } from './launch.ts';
import type { Job } from './order.ts';
import { readAll } from './pool.ts';
import { makeRow, type Row, type Threshold } from './row.ts';
import { findInStream, findMessages, type Found, type FoundMessage, type Position } from './sources/messages.ts';
import type { PassedOver, Problem } from './sources/walk.ts';
import { addProblem, addRow, type Summary } from './summary.ts';

export interface RunOptions {
  readonly paths: readonly string[];
  readonly stdin: Readable | null;
  readonly launcher: ReaderLauncher;
  readonly readers: number;
  readonly threshold: Threshold;
  /** Worst messages to remember. */
  readonly top: number;
  readonly from: Position;
  readonly summary: Summary;
  /** Filled with what was passed over. */
  readonly passed: PassedOver;
  readonly deadlineMs?: number;
  readonly signal: AbortSignal;
  /** Called for each message, in order, after it was counted. A promise holds the scan back. */
  readonly onRow: (row: Row, after: Position) => void | Promise<void>;
  readonly onProblem: (problem: Problem) => void;
  /** The inputs are not those of the interrupted run: everything starts anew. */
  readonly onChanged: () => void;
}

/** A message without its bytes: what is kept while it is being read. */
type About = Omit<FoundMessage, 'bytes'>;

/** Finds, reads and counts every message. True when it came to the end, false when it was told to stop. */
export async function runScan(options: RunOptions): Promise<boolean> {
  const found =
    options.stdin === null ? findMessages(options.paths, options.from, options.passed) : findInStream(options.stdin);
  const rows = readAll(jobsOf(found, options), {
    launcher: options.launcher,
    readers: options.readers,
    deadlineMs: options.deadlineMs ?? LIMITS.readerMsMax.value,
    finish: (about: About, result) => ({ row: makeRow(about, result), after: about.after }),
  });
  try {
    for (;;) {
      const next = await orStop(rows.next(), options.signal);
      if (next === 'stop') return false;
      if (next.done === true) return true;
      addRow(options.summary, next.value.row, options);
      await options.onRow(next.value.row, next.value.after);
    }
  } finally {
    await rows.return(undefined);
  }
}

/** The result, or `stop` as soon as the signal says so. Leaves nothing on the signal, which lives as long as the scan. */
function orStop<V>(work: Promise<V>, signal: AbortSignal): Promise<V | 'stop'> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve('stop');
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

async function* jobsOf(found: AsyncGenerator<Found>, options: RunOptions): AsyncGenerator<Job<About>> {
  for await (const each of found) {
    switch (each.kind) {
      case 'problem':
        addProblem(options.summary, each);
        options.onProblem(each);
        break;
      case 'changed':
        options.onChanged();
        break;
      case 'message': {
        const { bytes, ...about } = each;
        const failure = about.failure ?? (bytes === null ? 'unreadable' : null);
        const { channel } = about;
        if (bytes !== null && failure === null) yield { bytes, channel, about };
        else
          yield { bytes: Buffer.alloc(0), channel, about, known: { kind: 'failed', reason: failure ?? 'unreadable' } };
        break;
      }
      default:
        each satisfies never;
    }
  }
}
