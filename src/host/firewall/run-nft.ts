import { spawn } from 'node:child_process';

export interface Ran {
  /** Null: it could not be started, or did not end in time. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one of the two programs below with fixed arguments. */
export type RunFirewall = (program: 'nft' | 'pfctl', args: readonly string[], input?: string) => Promise<Ran>;

const TIMEOUT_MS = 10_000;
const OUTPUT_CHARS_MAX = 4_194_304;
/** Where distributions keep it; never searched for in a path that somebody else wrote. */
const PATH = '/usr/sbin:/sbin:/usr/bin:/bin';

export const runFirewall: RunFirewall = (program, args, input) =>
  new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH, LC_ALL: 'C' },
      timeout: TIMEOUT_MS,
    });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].on('data', (chunk: Buffer) => {
        if (said[stream].length < OUTPUT_CHARS_MAX) said[stream] += chunk.toString('utf8');
      });
    }
    child.once('error', (error) => resolve({ status: null, stdout: '', stderr: error.message }));
    child.once('close', (status) => resolve({ status, ...said }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
  });
