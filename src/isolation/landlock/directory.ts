import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HardshellError } from '../../contracts/index.ts';

/**
 * Where a driver keeps launchers for the moment of their start, and what zones have in place of a `/tmp` in memory. Not
 * below the home or the run directory, which the executor can write. It is there as long as a zone is. What drivers of
 * the instance left that were killed is removed.
 */
export function wallsDirectory(instance: string): string {
  const prefix = `hardshell-walls-${instance}-`;
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(prefix) || existsSync(`/proc/${name.slice(prefix.length)}`)) continue;
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    } catch {
      // Another user's: not ours to remove, and not in our way.
    }
  }
  return join(tmpdir(), `${prefix}${process.pid}`);
}

/** Makes it, or finds it ours. Throws `isolation_failed` where something else stands there. */
export function makeDirectory(path: string, isRoot: boolean): void {
  for (const one of [path, join(path, 'tmp')]) {
    try {
      mkdirSync(one, { mode: 0o700 });
      // Zones with uids of their own may only pass through.
      if (isRoot) chmodSync(one, 0o711);
    } catch (cause) {
      if (isOurs(one)) continue;
      const message = `cannot make \`${one}\`; remove what stands there`;
      throw new HardshellError('isolation_failed', message, { fate: 'refuse', cause });
    }
  }
}

/** INVARIANT: nobody else can write where programs lie that we start. Anybody could have made something of that name. */
function isOurs(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}

/** Takes it away with its last zone. */
export function removeDirectory(path: string): void {
  try {
    rmdirSync(join(path, 'tmp'));
    rmdirSync(path);
  } catch {
    // Another zone has its own in it.
  }
}
