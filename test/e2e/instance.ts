import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = join(import.meta.dirname, '..', '..');
const BIN = join(ROOT, 'bin', 'hardshell');
const READY_MS = 60_000;

export interface Answer {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** The answer of `--json`. */
  readonly json: () => Record<string, unknown>;
}

export interface Started {
  readonly child: ChildProcess;
  readonly said: () => string;
  /** It is gone, and everything it said is there. */
  readonly ended: Promise<void>;
}

/** A real instance, driven by its command line as an owner would. */
export class Instance {
  readonly home: string;
  #process: ChildProcess | undefined;
  #said = '';

  constructor() {
    this.home = join(mkdtempSync(join(tmpdir(), 'hs-')), 'h');
  }

  /** Starts `hardshell up`, or a command that is it, and resolves when it says that it is ready. */
  async up([first, ...rest]: readonly [string, ...string[]] = [process.execPath, BIN, 'up']): Promise<string> {
    this.#said = '';
    const started = spawn(first, rest, { env: this.#env(), stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = started;
    const take = (chunk: Buffer): void => void (this.#said += chunk.toString());
    started.stdout.on('data', take);
    started.stderr.on('data', take);
    await until(() => this.#said.includes('Ctrl-C stops everything') || started.exitCode !== null, READY_MS);
    if (started.exitCode !== null) throw new Error(`up ended: ${this.#said}`);
    return this.#said;
  }

  run(...args: string[]): Answer {
    return this.runWith('', ...args);
  }

  /** With something on its standard input. */
  runWith(input: string, ...args: string[]): Answer {
    const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
      env: this.#env(),
      input,
      encoding: 'utf8',
      timeout: 60_000,
    });
    return { code: status, out: stdout, err: stderr, json: () => JSON.parse(stdout) as Record<string, unknown> };
  }

  /** On a terminal of its own: each text is typed once what it waits for was drawn. */
  onTerminal(
    typed: readonly (readonly [waitFor: string, text: string])[],
    ...args: string[]
  ): { drawn: string; code: number } {
    const driver = join(import.meta.dirname, 'on-terminal.py');
    const { stdout, stderr } = spawnSync('python3', [driver, JSON.stringify(typed), process.execPath, BIN, ...args], {
      env: { ...this.#env(), TERM: 'xterm' },
      encoding: 'utf8',
      timeout: 90_000,
    });
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as { drawn: string; code: number };
  }

  /** Starts a command that stays; what it says is kept in `said`. */
  start(...args: string[]): Started {
    const child = spawn(process.execPath, [BIN, ...args], { env: this.#env(), stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    return { child, said: () => said, ended };
  }

  /** Ctrl-C; resolves with what it said last. */
  async interrupt(): Promise<{ said: string; code: number | null }> {
    const started = this.#process;
    if (started === undefined) throw new Error('not running');
    started.kill('SIGINT');
    await until(() => started.exitCode !== null || started.signalCode !== null, 20_000);
    this.#process = undefined;
    return { said: this.#said, code: started.exitCode };
  }

  /** Processes whose command line or environment names this home. */
  left(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .filter((pid) => belongsTo(pid, this.home))
      .map(Number);
  }

  outbox(): string[] {
    return readdirSync(join(this.home, 'mail', 'out', 'new'));
  }

  async remove(): Promise<void> {
    if (this.#process !== undefined) await this.interrupt();
    rmSync(join(this.home, '..'), { recursive: true, force: true });
  }

  #env(): NodeJS.ProcessEnv {
    return { PATH: process.env['PATH'], HOME: process.env['HOME'], HARDSHELL_HOME: this.home, NO_COLOR: '1' };
  }
}

function belongsTo(pid: string, home: string): boolean {
  try {
    return (
      readFileSync(`/proc/${pid}/environ`, 'latin1').includes(home) ||
      readFileSync(`/proc/${pid}/mountinfo`, 'latin1').includes(home)
    );
  } catch {
    return false;
  }
}

export async function until(done: () => boolean | Promise<boolean>, ms: number): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await done())) {
    if (performance.now() > deadline) throw new Error('it did not happen in time');
    await sleep(50);
  }
}
