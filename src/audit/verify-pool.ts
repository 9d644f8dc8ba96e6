import { closeSync, constants, existsSync, openSync, readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { LINE_BYTES_MAX } from './format.ts';
import { verifyRange } from './verify-range.ts';
import type { RangeJob, RangeResult } from './verify-range.ts';

/** Bytes a thread takes at once: large beside the cost of a message, small beside memory. */
const RANGE_BYTES = 8 * 1024 * 1024;
/** Below this many bytes starting threads costs more than they save. */
const THREADS_FROM_BYTES = 24 * 1024 * 1024;

/** Cuts a file of `size` bytes into ranges that begin at the start of a line. */
export function planRanges(path: string, size: number): { from: number; to: number }[] {
  if (size <= RANGE_BYTES) return [{ from: 0, to: size }];
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const ranges: { from: number; to: number }[] = [];
    const window = Buffer.alloc(LINE_BYTES_MAX + 1);
    let from = 0;
    while (from < size) {
      let to = Math.min(from + RANGE_BYTES, size);
      if (to < size) {
        const got = readSync(fd, window, 0, window.length, to);
        const lf = window.subarray(0, got).indexOf(10);
        // No LF within the longest line there is: the range that runs on will say where it is broken.
        to = lf === -1 ? size : to + lf + 1;
      }
      ranges.push({ from, to });
      from = to;
    }
    return ranges;
  } finally {
    closeSync(fd);
  }
}

/** Runs the jobs on `threads` threads (0 or 1: on this one) and yields their results in the jobs' order. */
export async function* runRanges(jobs: readonly RangeJob[], threads: number): AsyncGenerator<RangeResult> {
  const script = workerScript();
  const bytes = jobs.reduce((sum, job) => sum + job.to - job.from, 0);
  if (threads < 2 || bytes < THREADS_FROM_BYTES || script === null) {
    for (const job of jobs) {
      yield verifyRange(job);
      await nextTurn();
    }
    return;
  }
  const workers = Array.from({ length: Math.min(threads, jobs.length) }, () => new Worker(script));
  try {
    yield* fanOut(jobs, workers);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

async function* fanOut(jobs: readonly RangeJob[], workers: readonly Worker[]): AsyncGenerator<RangeResult> {
  const slots = jobs.map(() => Promise.withResolvers<RangeResult>());
  for (const slot of slots) slot.promise.catch(() => undefined);
  let next = 0;
  const feed = (worker: Worker): void => {
    const index = next++;
    const job = jobs[index];
    if (job === undefined) return;
    worker.once('message', (result: RangeResult) => {
      slots[index]?.resolve(result);
      feed(worker);
    });
    worker.postMessage(job, []);
  };
  for (const worker of workers) {
    worker.once('error', (cause) => {
      for (const slot of slots) slot.reject(cause);
    });
    feed(worker);
  }
  for (const slot of slots) yield await slot.promise;
}

/** The worker's script: beside this file in source, beside the packed program otherwise; null when it is not there. */
function workerScript(): URL | null {
  const name = import.meta.url.endsWith('.ts') ? './verify-worker.ts' : '../audit-worker/main.mjs';
  const url = new URL(name, import.meta.url);
  return existsSync(fileURLToPath(url)) ? url : null;
}
