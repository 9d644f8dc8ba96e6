import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isNoexec } from '../../src/isolation/noexec.ts';

const isRoot = process.getuid?.() === 0;
const MOUNTS = `22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:26 / /usr rw,nosuid,nodev,noexec,relatime shared:5 - tmpfs tmpfs rw
31 30 0:27 / /usr/bin rw,relatime - tmpfs tmpfs rw
32 22 0:28 / /usr/lib rw,relatime - tmpfs tmpfs rw
33 22 0:29 / /usr/lib rw,noexec - tmpfs tmpfs rw
34 22 0:30 / /us rw,noexec - tmpfs tmpfs rw`;

if (!isRoot) console.warn('a start with a `/run` that runs no programs was not tried: only root can mount one');

describe('a folder that runs no programs', () => {
  it('is known by the mount that lies nearest, and by the last one there', () => {
    expect(['/usr', '/usr/share', '/usr/bin', '/usr/lib', '/', '/var'].map((path) => isNoexec(path, MOUNTS))).toEqual([
      ...[true, true, false, true, false, false],
    ]);
    expect(isNoexec('/usr', '')).toBe(false);
  });

  it.runIf(isRoot)('is not where the stage of the start proof is set', () => {
    const open = `import { openStage } from '${join(import.meta.dirname, '../../src/isolation/index.ts')}';
      import { execFileSync } from 'node:child_process';
      const stage = await openStage({ parent: '/run' });
      const { path } = stage.write([{ id: 'nothing', steps: [] }]);
      execFileSync(path); console.log('ran'); await stage.close();`;
    const mount = 'mount --make-rprivate / && mount -t tmpfs -o noexec tmpfs /run && exec "$@"';
    const node = [process.execPath, '--input-type=module', '-e', open];
    const ran = spawnSync('unshare', ['-m', 'sh', '-c', mount, 'sh', ...node], { encoding: 'utf8' });
    expect([ran.stdout, ran.stderr]).toEqual(['ran\n', '']);
  });
});
