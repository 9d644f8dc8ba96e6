import { spawn, spawnSync, type ChildProcess } from 'node:child_process';

/** A child of a test: its output so far and its end. */
export interface Child {
  readonly process: ChildProcess;
  readonly output: () => string;
  /** Exit code, or null when a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly kill: () => Promise<number | null>;
}

export function start(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Child {
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.once('error', () => resolve(-1));
  });
  const kill = (): Promise<number | null> => {
    child.kill('SIGKILL');
    return ended;
  };
  return { process: child, output: () => text, ended, kill };
}

/** Flags that every zone process runs with, and those of the planner. */
export const ZONE_FLAGS = ['--disallow-code-generation-from-strings', '--disable-warning=ExperimentalWarning'];
export const plannerFlags = (readable: readonly string[]): readonly string[] => [
  ...ZONE_FLAGS,
  '--permission',
  ...readable.map((path) => `--allow-fs-read=${path}/*`),
];

const WALLS = [
  '--ro-bind',
  '/',
  '/',
  '--dev',
  '/dev',
  '--unshare-net',
  '--unshare-ipc',
  '--die-with-parent',
  '--new-session',
];

/** The command inside a sandbox without network, where there is one; said loudly where there is none. */
export function walled(
  command: string,
  args: readonly string[],
  writable: readonly string[] = [],
): [string, readonly string[]] {
  if (spawnSync('bwrap', [...WALLS, 'true']).status === 0) {
    return ['bwrap', [...WALLS, ...writable.flatMap((path) => ['--bind', path, path]), '--', command, ...args]];
  }
  console.warn('SKIPPED WALL: bubblewrap cannot make a network namespace here; the planner runs without one');
  return [command, args];
}

export async function until(done: () => boolean, ms = 20_000): Promise<boolean> {
  const deadline = performance.now() + ms;
  while (!done() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  return done();
}
