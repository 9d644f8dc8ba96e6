import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeSystem, tinyCheckout } from './support/fake-system.ts';
import { isRoot } from './support/world.ts';

const PROGRAM = join(import.meta.dirname, 'programs', 'run-plan.ts');
const KILL = join(import.meta.dirname, 'support', 'kill-at.mjs');

/** A system with things of its owner's where ours go: a file, a link, a directory open to others. */
class Owned extends FakeSystem {
  constructor() {
    super();
    writeFileSync(this.path('etc/replaced'), 'the owner wrote this\n', { mode: 0o644 });
    chmodSync(this.path('etc/replaced'), 0o640);
    mkdirSync(this.path('home/narrowed'), { mode: 0o755 });
    writeFileSync(this.path('home/narrowed/kept'), 'kept\n');
    symlinkSync('/opt/other', this.path('usr/local/bin/hardshell'));
    tinyCheckout(this.base);
  }

  /** Runs to its end, or to its `killAt`th change; -9 stands for a kill. */
  run(what: 'install' | 'uninstall', killAt = 0): number {
    const env = { PATH: process.env['PATH'] ?? '', KILL_AT: String(killAt), COUNT_TO: join(this.base, 'count') };
    const flags = ['--disable-warning=ExperimentalWarning', '--import', KILL];
    const done = spawnSync(process.execPath, [...flags, PROGRAM, what, this.root, this.base], {
      env,
      encoding: 'utf8',
    });
    if (done.status !== 0 && done.signal === null) throw new Error(`${what} failed: ${done.stderr}`);
    return done.signal === 'SIGKILL' ? -9 : (done.status ?? -1);
  }

  count(): number {
    const count = Number(readFileSync(join(this.base, 'count'), 'utf8'));
    rmSync(join(this.base, 'count'));
    return count;
  }
}

/** Every change with SLOW=1, else every twelfth, beginning somewhere else each time. */
function pointsOf(changes: number): number[] {
  const stride = process.env['SLOW'] === '1' ? 1 : 12;
  const first = 1 + Math.floor(Math.random() * stride);
  return Array.from({ length: Math.ceil((changes - first + 1) / stride) }, (_, i) => first + i * stride);
}

describe.runIf(isRoot)('an installation that is killed', () => {
  let before: string[];
  let installed: string[];
  let changes: { install: number; uninstall: number };

  const withoutRoot = (system: FakeSystem, lines: readonly string[]): string[] =>
    lines.map((line) => line.replace(system.root, ''));
  // Numbers and the order of the journal differ when it was interrupted; its meaning is what the uninstall shows.
  const withoutJournal = (lines: readonly string[]): string[] =>
    lines.filter((line) => !line.includes('hardshell-install'));

  beforeAll(() => {
    const system = new Owned();
    before = withoutRoot(system, system.list());
    expect(system.run('install')).toBe(0);
    const install = system.count();
    installed = withoutJournal(withoutRoot(system, system.list()));
    expect(system.run('uninstall')).toBe(0);
    changes = { install, uninstall: system.count() };
    expect(withoutRoot(system, system.list())).toEqual(before);
    system.close();
  });

  test('at any of its changes goes on where it stopped, and is taken back to the byte', { timeout: 300_000 }, () => {
    expect(changes.install).toBeGreaterThan(50);
    let killed = 0;
    const points = pointsOf(changes.install);
    for (const at of points) {
      const system = new Owned();
      killed += system.run('install', at) === -9 ? 1 : 0;
      expect([at, system.run('install')]).toEqual([at, 0]);
      expect([at, withoutJournal(withoutRoot(system, system.list()))]).toEqual([at, installed]);
      system.run('uninstall');
      expect([at, withoutRoot(system, system.list())]).toEqual([at, before]);
      system.close();
    }
    expect(killed).toBe(points.length);
  });

  test('is taken back to the byte when nobody goes on with it', { timeout: 300_000 }, () => {
    for (const at of pointsOf(changes.install)) {
      const system = new Owned();
      expect(system.run('install', at)).toBe(-9);
      system.run('uninstall');
      expect([at, withoutRoot(system, system.list())]).toEqual([at, before]);
      system.close();
    }
  });

  test('while it is taken back is taken back by the next run', { timeout: 300_000 }, () => {
    for (const at of pointsOf(changes.uninstall)) {
      const system = new Owned();
      system.run('install');
      expect(system.run('uninstall', at)).toBe(-9);
      system.run('uninstall');
      expect([at, withoutRoot(system, system.list())]).toEqual([at, before]);
      system.close();
    }
  });
});

afterAll(() => {
  if (!isRoot) console.warn('NOT PROVEN HERE: an interrupted installation (needs root for owners and accounts)');
});
