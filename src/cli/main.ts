import { isatty } from 'node:tty';
import { runCommandLine } from './program.ts';
import { VERSION } from './version.ts';

// A reader that closes early (`| head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

let interruption: AbortController | undefined;

process.exitCode = await runCommandLine(process.argv.slice(2), {
  // Opened by whoever asks: `up` hands it on untouched.
  stdin: () => process.stdin,
  interactive: isatty(0) && isatty(2),
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  interrupted: () => {
    if (interruption === undefined) {
      const controller = new AbortController();
      interruption = controller;
      // The first one ends tidily, a second one at once.
      process.once('SIGINT', () => controller.abort());
      process.once('SIGTERM', () => controller.abort());
    }
    return interruption.signal;
  },
  version: VERSION,
});
