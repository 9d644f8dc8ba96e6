import { parentPort } from 'node:worker_threads';
import { verifyRange } from './verify-range.ts';
import type { RangeJob } from './verify-range.ts';

// One thread of a verification: ranges in, results out. It reads files and writes nothing.
parentPort?.on('message', (job: RangeJob) => {
  parentPort?.postMessage(verifyRange(job), []);
});
