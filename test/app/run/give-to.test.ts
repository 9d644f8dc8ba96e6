import { spawn, spawnSync } from 'node:child_process';
import { linkSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { giveTo } from '../../../src/app/run/give-to.ts';

const isRoot = process.getuid?.() === 0;
const UID = 61_497;

if (!isRoot) console.warn('workspaces are given to other uids by root only: not tried as an ordinary user');

describe.runIf(isRoot)('a workspace that root gives to a uid', () => {
  let folder: string;
  let work: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hs-give-'));
    work = join(folder, 'work');
    mkdirSync(work);
  });
  afterEach(() => void spawnSync('rm', ['-rf', folder]));
  const owner = (path: string): number => lstatSync(path).uid;

  it('is given with all that lies in it, whatever it is', () => {
    mkdirSync(join(work, 'a/b'), { recursive: true });
    writeFileSync(join(work, 'a/b/file'), '');
    linkSync(join(work, 'a/b/file'), join(work, 'hard'));
    spawnSync('mkfifo', [join(work, 'pipe')]);
    symlinkSync('/nowhere', join(work, 'dangling'));
    giveTo(work, UID);
    for (const name of ['', 'a', 'a/b', 'a/b/file', 'hard', 'pipe', 'dangling'])
      expect(owner(join(work, name))).toBe(UID);
  });

  it('gives nothing that a link leads to', () => {
    mkdirSync(join(folder, 'host'));
    writeFileSync(join(folder, 'host/file'), '');
    symlinkSync(join(folder, 'host'), join(work, 'folder'));
    symlinkSync(join(folder, 'host/file'), join(work, 'file'));
    giveTo(work, UID);
    expect([owner(join(folder, 'host')), owner(join(folder, 'host/file')), owner(join(work, 'folder'))]).toEqual([
      0,
      0,
      UID,
    ]);
  });

  it('gives nothing of the host while folders are exchanged for links', () => {
    mkdirSync(join(folder, 'host'));
    const names = Array.from({ length: 50 }, (_, at) => `file-${at}`);
    for (const name of names) writeFileSync(join(folder, 'host', name), '');
    mkdirSync(join(work, 'x'));
    symlinkSync(join(folder, 'host'), join(work, 'y'));
    const swap = `import ctypes, sys
libc = ctypes.CDLL(None)
while True: libc.renameat2(-100, sys.argv[1].encode(), -100, sys.argv[2].encode(), 2)`;
    const racer = spawn('python3', ['-c', swap, join(work, 'x'), join(work, 'y')], { stdio: 'ignore' });
    try {
      const seen = new Set<boolean>();
      for (let round = 0; round < 3_000; round++) {
        seen.add(lstatSync(join(work, 'x')).isDirectory());
        giveTo(work, UID);
      }
      // It did exchange them under our hands.
      expect(seen.size).toBe(2);
    } finally {
      racer.kill('SIGKILL');
    }
    expect(readdirSync(join(folder, 'host')).filter((name) => owner(join(folder, 'host', name)) !== 0)).toEqual([]);
  });

  it('is given where its folders lie deeper than a path can say', () => {
    const deep = 'import os\nfor i in range(40): os.mkdir("d" * 200); os.chdir("d" * 200)\nopen("end", "w")';
    expect(spawnSync('python3', ['-c', deep], { cwd: work }).status).toBe(0);
    giveTo(work, UID);
    const find = spawnSync('find', ['.', '-name', 'end', '-printf', '%U'], { cwd: work, encoding: 'utf8' });
    expect(find.stdout).toBe(String(UID));
  });

  it('is refused where they nest without end', () => {
    const deep = 'import os\nfor i in range(1200): os.mkdir("d"); os.chdir("d")';
    expect(spawnSync('python3', ['-c', deep], { cwd: work }).status).toBe(0);
    expect(() => giveTo(work, UID)).toThrow('nest deeper than 1000');
  });
});
