import { readFileSync } from 'node:fs';
import { freePercent, readNames, type Answer } from './care.ts';

const HEALTH_MS_MAX = 10_000;
const LOAD_MS_MAX = 600_000;

/**
 * `preload MODEL…`, `health MODEL…`, `memory PERCENT`: looks after a model server on this machine. One line a finding;
 * exit 0 when all is well, 1 when a person should look, 2 wrong use. Lines begin with the priority that a journal reads.
 */
async function main(argv: readonly string[]): Promise<number> {
  const at = argv.indexOf('--url');
  const url = at < 0 ? 'http://127.0.0.1:11434' : (argv[at + 1] ?? '');
  const [command, ...words] = at < 0 ? argv : argv.toSpliced(at, 2);
  switch (command) {
    case 'preload':
      return preload(url, words);
    case 'health':
      return health(url, words);
    case 'memory':
      return memory(Number(words[0]));
    default:
      say('err', 'use: preload MODEL…, health MODEL… or memory PERCENT');
      return 2;
  }
}

/** An empty question loads a model and answers nothing. */
async function preload(url: string, models: readonly string[]): Promise<number> {
  let failed = 0;
  for (const model of models) {
    const answer = await ask(`${url}/api/generate`, LOAD_MS_MAX, { model, keep_alive: '24h', stream: false });
    if (answer.ok) say('info', `${model} is loaded`);
    else say('err', `${model} could not be loaded: ${answer.why}`);
    failed += answer.ok ? 0 : 1;
  }
  return failed === 0 ? 0 : 1;
}

async function health(url: string, models: readonly string[]): Promise<number> {
  const installed = await ask(`${url}/api/tags`, HEALTH_MS_MAX);
  if (!installed.ok) {
    say('err', `the model server does not serve: ${installed.why}; see \`systemctl status ollama\``);
    return 1;
  }
  const names = readNames(installed.text);
  const missing = models.filter((model) => !names.some((name) => name === model || name === `${model}:latest`));
  for (const model of missing) say('err', `${model} is not there; run \`ollama pull ${model}\``);
  if (missing.length > 0) return 1;
  const loaded = await ask(`${url}/api/ps`, HEALTH_MS_MAX);
  say('info', `serves; loaded: ${loaded.ok ? readNames(loaded.text).join(', ') || 'none' : 'unknown'}`);
  return 0;
}

function memory(percent: number): number {
  if (!Number.isInteger(percent) || percent < 1 || percent > 99) {
    say('err', 'the share of free memory is a whole number from 1 to 99');
    return 2;
  }
  const free = freePercent(readFileSync('/proc/meminfo', 'latin1'));
  if (free === null) say('err', 'the free memory cannot be told');
  else if (free < percent) say('alert', `memory runs short: ${free} % is free; unload a model with \`ollama stop\``);
  else say('info', `${free} % of the memory is free`);
  return free !== null && free >= percent ? 0 : 1;
}

async function ask(url: string, msMax: number, body?: object): Promise<Answer> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(msMax),
      redirect: 'error',
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return response.ok ? { ok: true, text } : { ok: false, why: `it answered ${response.status}` };
  } catch (error) {
    const timedOut = error instanceof Error && error.name === 'TimeoutError';
    return { ok: false, why: timedOut ? `no answer within ${msMax / 1_000} s` : 'nothing answers there' };
  }
}

function say(priority: 'alert' | 'err' | 'info', line: string): void {
  const numbers = { alert: 1, err: 3, info: 6 } as const;
  process.stderr.write(`<${numbers[priority]}>${line.replaceAll(/[^ -~…]/g, '?')}\n`);
}

process.exitCode = await main(process.argv.slice(2));
