import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Answers, Program } from './program.ts';
import type { Made } from './stage-servers.ts';

const OUTSIDE_MS_MAX = 15_000;

export type Outside =
  | { readonly kind: 'answered'; readonly answers: ReadonlyMap<string, Answers> }
  /** `reason`: words of ours. */
  | { readonly kind: 'failed'; readonly reason: string };

/** Runs a program without any wall, with a directory left open for it to find. */
export async function runOutside(program: Program & { readonly path: string }): Promise<Outside> {
  const leaked = openSync('/', 'r');
  const chunks: Buffer[] = [];
  let size = 0;
  const child = spawn(program.path, [], { env: {}, cwd: '/', stdio: ['ignore', 'pipe', 'ignore', leaked] });
  closeSync(leaked);
  child.stdout?.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= program.outputBytes) chunks.push(chunk);
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), OUTSIDE_MS_MAX);
  const failure = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      resolve(`it could not be started (${error.code ?? 'error'})`),
    );
    child.once('close', (code, signal) =>
      resolve(signal === null && code === 0 ? undefined : `it ended by ${signal ?? code}`),
    );
  });
  clearTimeout(timer);
  if (failure !== undefined) return { kind: 'failed', reason: failure };
  const answers = program.read(Buffer.concat(chunks));
  return answers === undefined ? { kind: 'failed', reason: 'its answers were cut' } : { kind: 'answered', answers };
}

/** Starts a program that says when it is ready and waits until its standard input ends; its pid, or one that no process has. */
export async function startOutside(path: string): Promise<Made<number>> {
  const child = spawn(path, [], { env: {}, cwd: '/', stdio: ['pipe', 'pipe', 'ignore'] });
  const ready = await new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false));
    child.once('close', () => resolve(false));
    child.stdout?.once('data', () => resolve(true));
  });
  const { pid } = child;
  if (!ready || pid === undefined) return { value: 999_999_999, close: () => Promise.resolve() };
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.stdin?.on('error', () => undefined);
  return {
    value: pid,
    close: () => {
      child.stdin?.end();
      return ended;
    },
  };
}
