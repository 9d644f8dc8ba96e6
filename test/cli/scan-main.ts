// Runs `hardshell scan` as a process of its own, for the tests and the benchmark. Arguments: a JSON object of options.
import { join } from 'node:path';
import { scan, type ScanOptions } from '../../src/cli/commands/scan.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as ScanOptions;
const abort = new AbortController();
process.on('SIGINT', () => abort.abort());
process.exitCode = await scan(
  options,
  {
    home: process.env['HARDSHELL_HOME'] ?? '/tmp/hardshell-scan-test',
    checkout: join(import.meta.dirname, '..', '..'),
    node: process.execPath,
    env: process.env,
  },
  { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, signal: abort.signal },
);
process.exit();
