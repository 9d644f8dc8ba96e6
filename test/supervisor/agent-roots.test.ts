import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  chmodSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBubblewrapDriver, listLibraries, type Wall, type ZoneDriver } from '../../src/isolation/index.ts';
import { agentSpec } from '../../src/supervisor/index.ts';
import { NAMES, rootMounts, type AgentRoot } from '../../src/supervisor/agent-roots.ts';

const isRoot = process.getuid?.() === 0;
const UID = 61_498;
/** Says who it is, under which name it was started, and whether it may change what the kernel starts on a crash. */
const TELL = `#include <stdio.h>
#include <unistd.h>
#include <fcntl.h>
int main(int c, char **v) {
  printf("%s uid=%d core_pattern=%s\\n", v[0], getuid(), open("/proc/sys/kernel/core_pattern", O_RDWR) < 0 ? "refused" : "OPEN");
  return 0;
}`;

if (!isRoot)
  console.warn('images in mode R were not tried: it is a mode of root, and these tests run as an ordinary user');

describe('an image', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hs-image-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const image = (name: string, entries: Readonly<Record<string, string | { readonly link: string }>>): string => {
    const path = join(folder, name);
    for (const [at, what] of Object.entries(entries)) {
      mkdirSync(dirname(join(path, at)), { recursive: true });
      if (typeof what === 'string') writeFileSync(join(path, at), what);
      else symlinkSync(what.link, join(path, at));
    }
    return path;
  };

  it('brings nothing to the places that are ours', () => {
    const hostile = image('names', {
      'usr/bin/x': '',
      'opt/x': '',
      'var/lib/x': '',
      'var/run': { link: '/oldroot/tmp' },
      'etc/shells': '',
      'etc/passwd': 'root::0:0::/:/bin/sh',
      'etc/ld.so.preload': '/evil.so',
      'hardshell/wall/setpriv': '',
      'hardshell-escape/programs/x': '',
      'workspace/x': '',
      'read/x': '',
      'run/x': '',
      'tmp/x': '',
    });
    const shown = rootMounts({ kind: 'image', directory: hostile }).map(({ to }) => to);
    expect(shown.toSorted()).toEqual(['/etc/shells', '/opt', '/usr', '/var/lib']);
    const linked = image('linked', { 'usr/x': '', var: { link: '/oldroot/tmp' }, etc: { link: '/oldroot/etc' } });
    expect(rootMounts({ kind: 'image', directory: linked }).map(({ to }) => to)).toEqual(['/usr']);
  });

  describe.runIf(isRoot)('where bubblewrap stays root (mode R)', () => {
    let driver: ZoneDriver;
    const program = join(folder, 'tell');
    const says = async (root: AgentRoot, command: string): Promise<string> => {
      const at = (name: string): string => join(folder, name);
      for (const name of ['sockets', 'workspace', 'names']) mkdirSync(at(name), { recursive: true });
      for (const name of NAMES) writeFileSync(join(folder, 'names', name), '');
      let out = '';
      const spec = agentSpec({
        name: `image-${randomBytes(3).toString('hex')}`,
        uid: UID,
        socketDir: at('sockets'),
        modelDir: null,
        root,
        workspace: at('workspace'),
        reads: [],
        node: program,
        client: at('sockets'),
        names: at('names'),
        command: [command],
        terminal: undefined,
        passInput: false,
        limits: { memoryBytesMax: 256 * 1024 * 1024, tasksMax: 32, cpus: 2 },
      });
      const zone = await driver.create({ ...spec, onOutput: (_stream, chunk) => (out += chunk.toString()) });
      await zone.exited;
      return out;
    };
    const bring = (directory: string, ...places: string[]): AgentRoot => {
      for (const place of places) {
        mkdirSync(dirname(join(directory, place)), { recursive: true });
        execFileSync('cp', [program, join(directory, place)]);
      }
      return { kind: 'image', directory };
    };

    beforeAll(async () => {
      chmodSync(folder, 0o755);
      execFileSync('gcc', ['-static', '-x', 'c', '-', '-o', program], { input: TELL });
      const path = '/usr/bin/setpriv';
      const wall: Wall = {
        kind: 'root',
        mode: 'R',
        proc: true,
        stepDown: { path, libraries: await listLibraries(path) },
      };
      const runtime = { node: program, libraries: [] };
      driver = createBubblewrapDriver({ instance: randomBytes(4).toString('hex'), runtime: () => runtime, wall });
    });
    afterAll(() => driver.destroy());

    it('cannot put its own program in the place of the one that steps down from root', async () => {
      const root = bring(join(folder, 'evil'), 'usr/bin/setpriv', 'usr/bin/hello', 'lib64/ld-linux-x86-64.so.2');
      expect(await says(root, '/usr/bin/hello')).toBe(`/usr/bin/hello uid=${UID} core_pattern=refused\n`);
      // Outside, the same program as root finds the door open.
      expect(execFileSync(program, { encoding: 'utf8' })).toBe(`${program} uid=0 core_pattern=OPEN\n`);
    });

    it('has nothing made on the host by links that lead out of it', async () => {
      for (const [name, link] of [
        ['whole', 'var'],
        ['inner', 'var/run'],
      ] as const) {
        const target = join(folder, `target-${name}`);
        mkdirSync(target);
        const root = bring(image(name, { [link]: { link: `/oldroot${target}` } }), 'usr/bin/hello');
        expect(await says(root, '/usr/bin/hello')).toContain(`uid=${UID}`);
        expect(readdirSync(target)).toEqual([]);
      }
    });

    it('gives way to the programs of this machine, which run there too', async () => {
      expect(existsSync('/usr/bin/id')).toBe(true);
      expect(await says({ kind: 'host-ro' }, '/usr/bin/id')).toContain(`uid=${UID}`);
    });
  });
});
