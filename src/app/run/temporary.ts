import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identifyProcess } from '../../isolation/index.ts';

const NAME = 'hardshell-run-';

/** A folder of ours for as long as we run, and the end of those that were left by processes of ours that were killed. */
export function makeTemporary(parent = tmpdir()): string {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(NAME) ? Number(name.slice(NAME.length).split('-')[0]) : Number.NaN;
    if (!Number.isInteger(pid) || identifyProcess(pid) !== undefined) continue;
    const found = lstatSync(join(parent, name), { throwIfNoEntry: false });
    // Anybody may make a name there.
    if (found?.isDirectory() === true && found.uid === process.getuid?.())
      rmSync(join(parent, name), { recursive: true, force: true });
  }
  return mkdtempSync(join(parent, `${NAME}${process.pid}-`));
}
