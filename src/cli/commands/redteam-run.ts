import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';

export interface RedteamOptions {
  readonly list: boolean;
  readonly report?: string | undefined;
  /** Beginnings of attack ids, separated by commas. */
  readonly only?: string | undefined;
}

/**
 * `hardshell redteam`: runs the suite of the checkout (`test/redteam/main.ts`) in a process of its own. Code that attacks
 * is no part of what is packed.
 */
export function runRedteam(options: RedteamOptions, context: Context): Promise<number> {
  const main = join(import.meta.dirname, '..', '..', 'test', 'redteam', 'main.ts');
  if (!existsSync(main)) throw new Failure('the attack suite comes with a checkout only; run it there');
  const args = [
    ...(options.list ? ['--list'] : []),
    ...(options.report === undefined ? [] : ['--report', options.report]),
    ...(options.only === undefined ? [] : ['--only', options.only]),
    ...(context.json ? ['--json'] : []),
  ];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    stdio: 'inherit',
    env: { ...context.io.env },
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
