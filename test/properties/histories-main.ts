// Runs random histories as a process of its own: `histories-main.ts COUNT`. Prints its tally as one line of JSON.
import { Broken } from './histories-model.ts';
import { runHistories } from './histories-run.ts';

const count = Number(process.argv[2] ?? 1_000);
try {
  const tally = await runHistories(count, {
    onProgress: (done) => {
      if (done % 10_000 === 0) process.stderr.write(`${done} of ${count} histories\n`);
    },
  });
  process.stdout.write(`${JSON.stringify(tally)}\n`);
} catch (error) {
  const cause = error instanceof Error && error.cause instanceof Broken ? `${error.cause.message}: ` : '';
  process.stderr.write(`${cause}${error instanceof Error ? error.message : 'failed'}\n`);
  process.exitCode = 1;
}
