import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeTemporary } from '../../../src/app/run/temporary.ts';

describe('the folder that a run needs', () => {
  const parent = mkdtempSync(join(tmpdir(), 'hs-temporary-'));
  afterAll(() => rmSync(parent, { recursive: true, force: true }));

  it('is new, and takes away those of runs that were killed and nothing else', () => {
    const { pid } = spawnSync('/bin/true');
    const at = (name: string): string => join(parent, name);
    const [left, running] = [at(`hardshell-run-${pid}-a`), at(`hardshell-run-${process.ppid}-a`)];
    for (const path of [left, running, at('mine'), at('hardshell-run-x')]) mkdirSync(path);
    writeFileSync(join(left, 'names'), '');
    writeFileSync(join(at('mine'), 'kept'), '');
    symlinkSync(at('mine'), at(`hardshell-run-${pid}-link`));
    const made = makeTemporary(parent);
    expect(
      [left, running, join(at('mine'), 'kept'), at('hardshell-run-x'), made].map((path) => existsSync(path)),
    ).toEqual([...[false, true, true, true, true]]);
  });

  it.runIf(process.getuid?.() === 0)('leaves what others made under such a name', () => {
    const { pid } = spawnSync('/bin/true');
    const foreign = join(parent, `hardshell-run-${pid}-foreign`);
    mkdirSync(foreign);
    chownSync(foreign, 65_534, 65_534);
    makeTemporary(parent);
    expect(existsSync(foreign)).toBe(true);
  });
});
