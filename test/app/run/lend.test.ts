import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireForeign, resolveReads } from '../../../src/app/run/lend.ts';
import { instancePaths } from '../../../src/state/index.ts';

describe('what an agent may be given to read', () => {
  const owner = realpathSync(mkdtempSync(join(tmpdir(), 'hs-lend-')));
  const home = join(owner, 'h');
  const paths = instancePaths(home, 1000);
  const at = (name: string): string => join(owner, name);

  beforeAll(() => {
    for (const name of ['h/run/control', 'h/workspaces/default', 'project', 'other/project'])
      mkdirSync(at(name), { recursive: true });
    writeFileSync(at('notes.txt'), '');
    symlinkSync(at('notes.txt'), at('linked'));
    symlinkSync(home, at('project/h'));
    symlinkSync('/proc/self', at('project/self'));
  });
  afterAll(() => rmSync(owner, { recursive: true, force: true }));

  it('is a file or folder of the owner, by the name that was said, as it is now', () => {
    expect(resolveReads([at('notes.txt'), at('project')], paths)).toEqual([
      { from: at('notes.txt'), name: 'notes.txt' },
      { from: at('project'), name: 'project' },
    ]);
    expect(resolveReads([at('linked')], paths)).toEqual([{ from: at('notes.txt'), name: 'linked' }]);
  });

  it('is never what holds the home, lies in it, or leads into it: its sockets would obey the agent', () => {
    const ours = [
      home,
      owner,
      '/',
      join(home, 'run'),
      join(home, 'workspaces/default'),
      at('project/h'),
      `${home}/../h`,
    ];
    for (const path of ours) expect(() => requireForeign(path, paths)).toThrow(/holds or lies in/);
    expect(() => requireForeign(`${home}-other/..`, paths)).toThrow(/is not there|holds or lies in/);
  });

  it('is never the machine’s processes, devices or sockets', () => {
    for (const path of ['/proc', '/proc/self/root', '/sys/kernel', '/dev', '/run', '/var/run', at('project/self')])
      expect(() => requireForeign(path, paths)).toThrow(/of this machine|holds or lies in/);
  });

  it('has one name each, and is there', () => {
    expect(() => resolveReads([at('project'), at('other/project')], paths)).toThrow('are called `project`');
    expect(() => resolveReads([at('nothing')], paths)).toThrow('is not there');
  });
});
