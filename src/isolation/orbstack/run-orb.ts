import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { HardshellError } from '../../contracts/index.ts';
import { judgeAnswer } from './answers.ts';
import { orbEnvironment, printCommand, type Input, type OrbCommand } from './command.ts';
import type { PlanStep } from './plan.ts';

/** `orb` where OrbStack installs it. PATH is not asked: whoever starts us may have written it. */
export const ORB_PLACES = [
  '/usr/local/bin/orb',
  '/opt/homebrew/bin/orb',
  '/Applications/OrbStack.app/Contents/MacOS/bin/orb',
];

export interface OrbOptions {
  readonly orb: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const ANSWER_BYTES_MAX = 1024 * 1024;
const TIMEOUT_MS = 600_000;

/** Runs one command to its end. Throws `isolation_failed` when it fails. */
export async function runOrb({ orb, env }: OrbOptions, command: OrbCommand, timeoutMs = TIMEOUT_MS): Promise<string> {
  const child = startOrb({ orb, env }, command.arguments);
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  let answer = '';
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (answer.length < ANSWER_BYTES_MAX) answer += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    if (said.length < ANSWER_BYTES_MAX) said += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // A command that ends before it has read all says so by its exit code.
  feed(child, command.input).catch(() => undefined);
  const code = await ended.catch((cause: unknown) => {
    throw new HardshellError('isolation_failed', `\`${orb}\` could not be run; install OrbStack`, {
      fate: 'refuse',
      cause,
    });
  });
  clearTimeout(timer);
  if (code === 0) return answer;
  throw new HardshellError(
    'isolation_failed',
    `\`${printCommand(command)}\` failed: ${words(said) || 'without a word'}`,
    {
      fate: 'stop',
    },
  );
}

/** Starts `orb` with its standard streams as pipes. */
export function startOrb({ orb, env }: OrbOptions, list: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn(orb, list, { env: orbEnvironment(env), cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] });
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => undefined);
  return child;
}

/** Runs the steps in order; the first that is not as it must be ends it. Throws `isolation_failed`. */
export async function runPlan(
  options: OrbOptions,
  steps: readonly PlanStep[],
  tell: (sentence: string) => void,
): Promise<void> {
  for (const step of steps) {
    tell(`${step.machine ?? 'OrbStack'}: ${step.why}`);
    const wrong = judgeAnswer(step.expects, await runOrb(options, step.command), step.machine);
    if (wrong === undefined) continue;
    throw new HardshellError('isolation_failed', `\`${step.machine ?? 'OrbStack'}\` is not as it must be: ${wrong}`, {
      fate: 'stop',
    });
  }
}

async function feed({ stdin }: ChildProcessWithoutNullStreams, input: Input): Promise<void> {
  switch (input.kind) {
    case 'none':
      stdin.end();
      return;
    case 'text':
      stdin.end(input.text);
      return;
    case 'file':
      await pipeline(createReadStream(input.path), stdin);
      return;
    default:
      input satisfies never;
  }
}

function words(text: string): string {
  return text
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 300);
}
