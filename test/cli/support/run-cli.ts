import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { instancePaths, type InstancePaths } from '../../../src/state/index.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line, packed as it ships, and a home of its own. */
export class CliUnderTest {
  readonly folder: string;
  readonly paths: InstancePaths;
  readonly main: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.main = join(folder, 'dist', 'cli', 'main.mjs');
    mkdirSync(join(folder, 'home', 'keys'), { recursive: true, mode: 0o700 });
    this.paths = instancePaths(join(folder, 'home'), process.getuid?.() ?? 0);
    mkdirSync(join(this.paths.run, 'control'), { recursive: true });
  }

  static async pack(): Promise<CliUnderTest> {
    const cli = new CliUnderTest(mkdtempSync(join(tmpdir(), 'hs-cli-')));
    const bundle = await rolldown({
      input: join(ROOT, 'src', 'cli', 'main.ts'),
      platform: 'node',
      cwd: ROOT,
      external: [/^node:/],
      treeshake: { moduleSideEffects: false },
      logLevel: 'silent',
    });
    await bundle.write({
      dir: join(cli.folder, 'dist', 'cli'),
      format: 'esm',
      entryFileNames: 'main.mjs',
      codeSplitting: false,
    });
    return cli;
  }

  /** Runs it without a terminal. `fds`: texts on descriptors 3 and up. */
  run(args: readonly string[], options: { env?: Record<string, string>; fds?: readonly string[] } = {}): Promise<Ran> {
    const files = (options.fds ?? []).map((text, i) => {
      const path = join(this.folder, `fd-${i}`);
      writeFileSync(path, text);
      return path;
    });
    const redirects = files.map((path, i) => `${i + 3}<'${path}'`).join(' ');
    const command = `exec ${[process.execPath, this.main, ...args].map(quote).join(' ')} ${redirects}`;
    return collect(
      spawn('/bin/bash', ['-c', command], { env: this.#env(options.env), stdio: ['ignore', 'pipe', 'pipe'] }),
    );
  }

  /** Runs it at a terminal and types each answer when its question has appeared. Output of both streams in one. */
  runAtTerminal(
    args: readonly string[],
    answers: readonly (readonly [question: RegExp, answer: string])[],
  ): Promise<Ran> {
    const command = [process.execPath, this.main, ...args].map(quote).join(' ');
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      env: this.#env({ TERM: 'xterm' }),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let seen = '';
    const left = [...answers];
    child.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString('utf8');
      const [next] = left;
      if (next === undefined || !next[0].test(seen)) return;
      left.shift();
      seen = '';
      child.stdin.write(`${next[1]}\r`);
    });
    return collect(child);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
    if (this.paths.run.startsWith('/run/')) rmSync(this.paths.run, { recursive: true, force: true });
  }

  #env(extra: Record<string, string> = {}): Record<string, string> {
    return { PATH: process.env['PATH'] ?? '', HARDSHELL_HOME: this.paths.home, LANG: 'C.UTF-8', ...extra };
  }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function collect(child: ReturnType<typeof spawn>): Promise<Ran> {
  const parts = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (parts.stdout += chunk.toString('utf8')));
  child.stderr?.on('data', (chunk: Buffer) => (parts.stderr += chunk.toString('utf8')));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...parts }));
  });
}
