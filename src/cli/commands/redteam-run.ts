import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';

export interface RedteamOptions {
  readonly list: boolean;
  readonly report?: string | undefined;
}

/**
 * `hardshell redteam`. The attacks are packed by themselves (`dist/redteam/main.mjs`) and run in a process of their own:
 * code that attacks is no part of the everyday command line. It is handed `--list`, `--report FILE` and `--json` as given.
 */
export function runRedteam(options: RedteamOptions, context: Context): Promise<number> {
  const main = join(import.meta.dirname, '..', 'redteam', 'main.mjs');
  if (!existsSync(main)) throw new Failure('the attack suite is not part of this build; run it from a checkout');
  const args = [
    ...(options.list ? ['--list'] : []),
    ...(options.report === undefined ? [] : ['--report', options.report]),
    ...(context.json ? ['--json'] : []),
  ];
  const child = spawn(process.execPath, [main, ...args], { stdio: 'inherit', env: { ...context.io.env } });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
