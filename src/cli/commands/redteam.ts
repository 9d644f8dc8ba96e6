import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where the packed command line lies two folders below the checkout. */
const CHECKOUT = join(import.meta.dirname, '..', '..');

/**
 * `hardshell redteam [--list] [--json] [--report FILE] [--only ID,…]`: attacks real instances in homes of their own,
 * each attack beside an allowed twin. Resolves with the exit code: 0 when every attack was held and every twin worked,
 * 1 otherwise, 2 where the attacks did not come along. The instance of the owner is not touched.
 */
export function redteam(args: readonly string[], out: { readonly err: (line: string) => void }): Promise<number> {
  const main = join(CHECKOUT, 'test', 'redteam', 'main.ts');
  if (!existsSync(main)) {
    out.err('hardshell: the attacks are part of a checkout and are not here; run this from one');
    return Promise.resolve(2);
  }
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
      stdio: 'inherit',
    });
    child.on('error', (error) => {
      out.err(`hardshell: the attacks could not be started: ${error.message}`);
      resolve(1);
    });
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
