import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  findHome,
  HOME_FILES,
  instancePaths,
  openHome,
  prepareHome,
  readArmed,
  renderFileTable,
  takeHomeLock,
} from '../../src/state/index.ts';

describe('the home', () => {
  let base: string;
  let home: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'hardshell-home-'));
    home = join(base, 'home');
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));
  const modeOf = (name: string): number => statSync(join(home, name)).mode & 0o7777;

  it('is made once, with the modes of the table, and opened ever after', () => {
    expect(prepareHome(home)).toEqual({ path: home, firstStart: true, repaired: [] });
    expect(modeOf('.')).toBe(0o700);
    for (const { path, mode } of HOME_FILES) {
      if (!path.endsWith('*') && existsSync(join(home, path)))
        expect(`${path} ${modeOf(path).toString(8)}`).toBe(`${path} ${mode.toString(8)}`);
    }
    expect(prepareHome(home)).toEqual({ path: home, firstStart: false, repaired: [] });
  });

  it('is never a first start when somebody else made the directory', () => {
    mkdirSync(home);
    expect(() => prepareHome(home)).toThrow(/was not finished at its first start or has lost its keys/);
    expect(existsSync(join(home, 'armed'))).toBe(false);
  });

  it('stays killed when the first start was cut off before the record stood', () => {
    prepareHome(home);
    rmSync(join(home, 'armed'));
    expect(prepareHome(home).firstStart).toBe(false);
    expect(readArmed(home)).toEqual({ kind: 'killed', reason: 'missing' });
  });

  it('narrows what was open to others and reports it, and leaves what its owner closed further', () => {
    prepareHome(home);
    writeFileSync(join(home, 'policy.cedar'), '', { mode: 0o400 });
    chmodSync(home, 0o755);
    chmodSync(join(home, 'keys', 'armed.key'), 0o444);
    chmodSync(join(home, 'audit'), 0o777);
    writeFileSync(join(home, 'logs', 'x.log'), '');
    chmodSync(join(home, 'logs', 'x.log'), 0o644);
    expect(openHome(home).repaired).toEqual(['.', 'keys/armed.key', 'audit', 'logs/x.log']);
    expect([modeOf('.'), modeOf('keys/armed.key'), modeOf('audit'), modeOf('logs/x.log')]).toEqual([
      0o700, 0o400, 0o700, 0o600,
    ]);
    expect(modeOf('policy.cedar')).toBe(0o400);
    expect(openHome(home).repaired).toEqual([]);
  });

  it('is refused when a file is a link, and the link is not followed', () => {
    prepareHome(home);
    const bait = join(base, 'bait');
    writeFileSync(bait, '');
    chmodSync(bait, 0o644);
    symlinkSync(bait, join(home, 'state.db'));
    expect(() => openHome(home)).toThrow(/`.*state\.db` is not a plain file; move it away/);
    expect(statSync(bait).mode & 0o777).toBe(0o644);
    rmSync(join(home, 'state.db'));
    expect(openHome(home).repaired).toEqual([]);
  });

  it('is refused when part of it belongs to somebody else', ({ skip }) => {
    skip(process.getuid?.() !== 0, 'only root can give a file away');
    prepareHome(home);
    spawnSync('chown', ['65534', join(home, 'keys')]);
    expect(() => openHome(home)).toThrow(/belongs to uid 65534, this is uid 0; run as its owner/);
  });

  it('is found where HARDSHELL_HOME says, and refused where its sockets could not be named', () => {
    expect(findHome({ HARDSHELL_HOME: home })).toBe(home);
    expect(() => findHome({ HARDSHELL_HOME: 'relative' })).toThrow(/must be an absolute path/);
    expect(() => findHome({ HARDSHELL_HOME: join(base, 'no', 'such') })).toThrow(/does not exist/);
    const long = `/tmp/${'x'.repeat(80)}`;
    expect(() => instancePaths(long, 1_000)).toThrow(/set HARDSHELL_HOME to a shorter directory/);
    expect(instancePaths(long, 0).run).toMatch(/^\/run\/hardshell-[0-9a-f]{8}$/);
    expect(instancePaths('/home/ann/.hardshell', 1_000).run).toBe('/home/ann/.hardshell/run');
  });

  it('is held by one supervisor at a time, and let go with its process', async () => {
    const path = join(base, 'lock.db');
    const lock = takeHomeLock(path);
    expect(lock).toBeDefined();
    const module = join(import.meta.dirname, '..', '..', 'src', 'state', 'lock.ts');
    const script = `import { takeHomeLock } from ${JSON.stringify(module)}; console.log(takeHomeLock(${JSON.stringify(path)}) !== undefined); process.kill(process.pid, 'SIGKILL')`;
    const other = (): string =>
      spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout.trim();
    expect(other()).toBe('false');
    lock?.release();
    expect(other()).toBe('true');
    // The one before was killed while it held the lock.
    const again = takeHomeLock(path);
    expect(again).toBeDefined();
    again?.release();
  });

  it('is described file by file in docs/files.md', () => {
    const documented = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'files.md'), 'utf8');
    expect(documented).toContain(renderFileTable(HOME_FILES));
  });
});
