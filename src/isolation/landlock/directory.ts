import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HardshellError } from '../../contracts/index.ts';

/**
 * A directory of this driver alone: launchers for the moment of their start, and what zones have in place of a `/tmp`
 * in memory. Not below the home or the run directory, which the executor can write. Throws `isolation_failed`.
 */
export function makeDirectory(instance: string, isRoot: boolean): string {
  const prefix = `hardshell-walls-${instance}-`;
  removeLeft(prefix);
  const path = join(tmpdir(), `${prefix}${process.pid}`);
  try {
    rmSync(path, { recursive: true, force: true });
    for (const one of [path, join(path, 'tmp')]) {
      mkdirSync(one, { mode: 0o700 });
      // Zones with uids of their own may only pass through.
      if (isRoot) chmodSync(one, 0o711);
    }
  } catch (cause) {
    throw new HardshellError('isolation_failed', `cannot make \`${path}\`; remove what stands there`, {
      fate: 'refuse',
      cause,
    });
  }
  return path;
}

/** What drivers left that were killed. */
function removeLeft(prefix: string): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(prefix) || existsSync(`/proc/${name.slice(prefix.length)}`)) continue;
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    } catch {
      // Another user's: not ours to remove, and not in our way.
    }
  }
}
