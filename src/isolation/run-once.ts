import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const RUN_MS_MAX = 10_000;

/** What a generated program of ours writes; undefined where it did not run to its end. */
export async function runOnce(image: Buffer): Promise<Buffer | undefined> {
  let directory: string | undefined;
  try {
    directory = mkdtempSync(join(tmpdir(), 'hardshell-ask-'));
    const path = join(directory, 'ask');
    writeFileSync(path, image, { mode: 0o700 });
    return await new Promise((resolve) => {
      execFile(path, [], { env: {}, cwd: '/', timeout: RUN_MS_MAX, encoding: 'buffer' }, (error, stdout) => {
        resolve(error === null ? stdout : undefined);
      });
    });
  } catch {
    // No such place, or none to write in.
    return undefined;
  } finally {
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  }
}
