import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createConnection } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { openStage } from '../../../src/isolation/index.ts';
import { isRoot, ZONE_IDS } from '../support.ts';

const parent = mkdtempSync('/var/tmp/hardshell-test-');
afterAll(() => rmSync(parent, { recursive: true, force: true }));

const connects = (options: { path: string } | { port: number; host: string }): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(options);
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });
const sharedMemory = (): string => readFileSync('/proc/sysvipc/shm', 'utf8');

describe('the stage', () => {
  it('is live while it stands, and gone when it is closed: files, listeners, shared memory, the victim', async () => {
    const stage = await openStage({ parent });
    const { tcp4, abstractName, otherZoneSocket, hostSocket, ipcKey, victimPid, canary } = stage.outside;
    const doors = [
      { host: '127.0.0.1', port: tcp4 },
      ...[`\0${abstractName}`, otherZoneSocket, hostSocket].map((path) => ({ path })),
    ];
    expect(await Promise.all(doors.map(connects))).toEqual(doors.map(() => true));
    expect(readFileSync(canary, 'utf8')).toMatch(/^[0-9a-f]{32}$/);
    expect(sharedMemory()).toMatch(new RegExp(`^\\s*${ipcKey}\\s`, 'm'));
    expect(process.kill(victimPid, 0)).toBe(true);
    await Promise.all([stage.close(), stage.close()]);
    expect(await Promise.all(doors.map(connects))).toEqual(doors.map(() => false));
    expect(existsSync(stage.directory)).toBe(false);
    expect(sharedMemory()).not.toMatch(new RegExp(`^\\s*${ipcKey}\\s`, 'm'));
    expect(() => process.kill(victimPid, 0)).toThrow(/ESRCH/);
  });

  it('gives nothing of it to everybody to write, and follows no link when it removes', async () => {
    const kept = join(mkdtempSync(join(parent, 'kept-')), 'kept');
    writeFileSync(kept, 'kept');
    const stage = await openStage({ parent });
    const zone = await stage.socketDirectory(ZONE_IDS);
    const found = readdirSync(stage.directory, { recursive: true, withFileTypes: true });
    expect(found.length).toBeGreaterThan(12);
    for (const entry of found) {
      const { mode, uid } = lstatSync(join(entry.parentPath, entry.name));
      if (!entry.isSocket()) expect(mode & 0o022, entry.name).toBe(0);
      const path = join(entry.parentPath, entry.name);
      const isZones = path === zone || path.startsWith(`${zone}/`);
      expect(uid, path).toBe(isZones && isRoot ? ZONE_IDS.uid : process.getuid?.());
    }
    symlinkSync(dirname(kept), join(zone, 'link'));
    symlinkSync(kept, join(zone, 'inner', 'link'));
    await stage.close();
    expect(readFileSync(kept, 'utf8')).toBe('kept');
    rmSync(stage.directory, { recursive: true, force: true });
    rmSync(dirname(kept), { recursive: true });
  });

  it.runIf(isRoot)('leaves to others what is theirs, whatever it is called', async () => {
    const foreign = join(parent, 'hardshell-escape-999999999-x');
    mkdirSync(foreign);
    lchownSync(foreign, 61_498, 61_498);
    const stage = await openStage({ parent });
    await stage.close();
    expect(existsSync(foreign)).toBe(true);
    rmSync(foreign, { recursive: true });
  });

  it('leaves nothing behind where it cannot be set', async () => {
    await expect(openStage({ parent: join(parent, 'not there') })).rejects.toThrow(/ENOENT/);
    expect(readdirSync(parent)).toEqual([]);
  });

  it('takes its processes and its shared memory with it when it dies without a word, and its files are found later', async () => {
    const door = new URL('../../../src/isolation/index.ts', import.meta.url).href;
    const script = `import { openStage } from ${JSON.stringify(door)};
      const { outside } = await openStage({ parent: ${JSON.stringify(parent)} });
      console.log(outside.victimPid, outside.ipcKey);
      process.kill(process.pid, 'SIGKILL');`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    const [, pid = '', key = ''] = /^(\d+) (\d+)\n$/.exec(stdout) ?? [];
    expect(pid, stderr).not.toBe('');
    // Reaped by whoever has orphans here; a zombie does nothing any more.
    await vi.waitFor(() => expect(stateOf(pid)).toMatch(/^[ZX]$/), { timeout: 30_000 });
    expect(sharedMemory()).not.toMatch(new RegExp(`^\\s*${key}\\s`, 'm'));
    expect(readdirSync(parent).length).toBe(1);
    const next = await openStage({ parent });
    expect(readdirSync(parent)).toEqual([basename(next.directory)]);
    await next.close();
  });
});

function stateOf(pid: string): string {
  return existsSync(`/proc/${pid}/stat`) ? (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] ?? '') : 'X';
}

if (!isRoot) console.warn('NOT PROVEN HERE: files of another user need root');
