import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ENTRIES_MAX, sizeOf, watchWorkspace } from '../../../src/app/run/watch-workspace.ts';

const MIB = 1024 * 1024;
const isRoot = process.getuid?.() === 0;

describe('the look at a workspace', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hs-workspace-'));
  });
  afterEach(() => void spawnSync('rm', ['-rf', folder]));
  const whyOf = (bytesMax: number, free?: () => number): Promise<string> =>
    new Promise((resolve) => {
      const forget = watchWorkspace({
        path: folder,
        bytesMax,
        onFull: (why) => {
          forget();
          resolve(why);
        },
        ...(free === undefined ? {} : { free }),
      });
    });

  it('counts what lies below, and nothing that a link leads to', () => {
    mkdirSync(join(folder, 'deep'));
    writeFileSync(join(folder, 'deep', 'file'), Buffer.alloc(MIB, 1));
    symlinkSync('/usr', join(folder, 'link'));
    const size = sizeOf(folder, 100 * MIB);
    expect(size.kind === 'bytes' && size.bytes >= MIB && size.bytes < 2 * MIB).toBe(true);
  });

  it('survives folders deeper than a path can say, and says what it cannot count', async () => {
    const made = spawnSync(
      'python3',
      ['-c', 'import os\nfor i in range(40): os.mkdir("d" * 200); os.chdir("d" * 200)'],
      {
        cwd: folder,
      },
    );
    expect(made.status).toBe(0);
    expect(sizeOf(folder, 100 * MIB)).toEqual({ kind: 'hidden' });
    expect(await whyOf(100 * MIB)).toContain('cannot be looked into');
  });

  it.runIf(!isRoot)('takes a folder that is closed to it for too much', () => {
    // Root looks into every folder.
    for (const mode of [0o300, 0o600]) {
      const closed = join(folder, String(mode));
      mkdirSync(closed);
      writeFileSync(join(closed, 'big'), '');
      chmodSync(closed, mode);
      expect(sizeOf(folder, MIB)).toEqual({ kind: 'hidden' });
      chmodSync(closed, 0o700);
      rmSync(closed, { recursive: true });
    }
  });

  it('says that there are too many files, not that they are too large', async () => {
    for (let at = 0; at < ENTRIES_MAX; at++) writeFileSync(join(folder, String(at)), '');
    expect(await whyOf(100 * MIB)).toContain(`more than ${ENTRIES_MAX} files and folders`);
  });

  it('sees a disk that gets full, whatever fills it, and lets one be that was full before', async () => {
    let free = 1_000 * MIB;
    const why = whyOf(100 * MIB, () => free);
    free = 100 * MIB;
    expect(await why).toContain('the disk of its workspace is nearly full');
    const before = whyOf(MIB, () => 100 * MIB);
    writeFileSync(join(folder, 'big'), Buffer.alloc(2 * MIB, 1));
    expect(await before).toContain('holds more than 1 MiB');
  });
});
