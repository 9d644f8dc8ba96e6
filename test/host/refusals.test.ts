import { chownSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { apply } from '../../src/host/install/apply.ts';
import { targetAt } from '../../src/host/install/paths.ts';
import { THIS_MACHINE } from '../../src/host/install/site.ts';
import { planUninstall, uninstall } from '../../src/host/install/undo.ts';
import { FakeSystem, tinyPlan, tinySources } from './support/fake-system.ts';
import { isRoot } from './support/world.ts';

const CHOICES = { ollama: false, oneAccount: false };

describe.runIf(isRoot)('an installation refuses, before it changes anything,', () => {
  let system: FakeSystem;
  let told: string[];
  beforeEach(() => {
    system = new FakeSystem();
    told = [];
  });
  afterEach(() => system.close());

  const install = (mark?: string): ReturnType<typeof apply> =>
    apply({
      ...{ plan: tinyPlan(tinySources(system.base, mark)), choices: CHOICES, ports: THIS_MACHINE },
      target: targetAt(system.root),
      tell: (event) => told.push(event.text),
    });
  const refusal = (prepare: () => void): string => {
    prepare();
    const before = system.list();
    let message = '';
    try {
      install();
    } catch (error) {
      message = error instanceof Error ? error.message : '';
    }
    expect(system.list()).toEqual(before);
    return message;
  };
  const link = (path: string, to: string): void => {
    mkdirSync(dirname(system.path(path)), { recursive: true });
    symlinkSync(to, system.path(path));
  };
  const addLine = (file: string, line: string): void =>
    writeFileSync(system.path(file), `${readFileSync(system.path(file), 'utf8')}${line}\n`);

  test('a link where a file goes', () => {
    expect(refusal(() => link('etc/systemd/system/hardshell.service', '/etc/shadow'))).toMatch(
      /is a link; move it away/,
    );
  });

  test('a link where a directory goes', () => {
    expect(refusal(() => link('var/lib/hardshell', '/root'))).toMatch(/`.*var\/lib\/hardshell` is a link/);
  });

  test('a link on the way to a file', () => {
    expect(refusal(() => link('etc/hardshell', '/home'))).toMatch(/is a link/);
  });

  test('a link in the place of its journal', () => {
    expect(refusal(() => link('var/lib/hardshell-install', '/home'))).toMatch(/is a link/);
  });

  test('a directory of somebody else', () => {
    const message = refusal(() => {
      mkdirSync(system.path('usr/lib/hardshell'));
      chownSync(system.path('usr/lib/hardshell'), 1_000, 1_000);
    });
    expect(message).toMatch(/belongs to uid 1000; move it away/);
  });

  test('a home of somebody else', () => {
    const message = refusal(() => {
      mkdirSync(system.path('var/lib/hardshell'));
      chownSync(system.path('var/lib/hardshell'), 1_000, 1_000);
    });
    expect(message).toMatch(/belongs to uid 1000/);
  });

  test.each([
    [
      'a user of our name with a shell',
      'etc/passwd',
      'hardshell:x:60990:60990::/var/lib/hardshell:/bin/bash',
      /not as ours/,
    ],
    [
      'another user with our number',
      'etc/passwd',
      'eve:x:60990:60990::/home/eve:/bin/sh',
      /uid 60990 belongs to `eve`/,
    ],
    ['a group of our name with another number', 'etc/group', 'hardshell:x:500:', /group `hardshell` with number 500/],
    ['a group of ours with members', 'etc/group', 'hardshell:x:60990:eve', /has members \(eve\)/],
  ])('%s', (_, file, line, message) => {
    expect(refusal(() => addLine(file, line))).toMatch(message);
  });

  test('an account of ours that was put into the group sudo after the installation', () => {
    install();
    const groups = readFileSync(system.path('etc/group'), 'utf8');
    writeFileSync(system.path('etc/group'), groups.replace('sudo:x:27:ann', 'sudo:x:27:ann,hardshell'));
    expect(() => install()).toThrow(/`hardshell` is in the groups sudo; run `gpasswd --delete hardshell sudo`/);
  });

  test('a journal that others may write', () => {
    install();
    const journal = system.path('var/lib/hardshell-install/journal.json');
    chownSync(journal, 1_000, 1_000);
    expect(() => install()).toThrow(/is open to others/);
    chownSync(journal, 0, 0);
    writeFileSync(journal, '{"v":1');
    expect(() => install()).toThrow(/cannot be read; put it back from a backup/);
    expect(() => planUninstall(targetAt(system.root))).toThrow(/cannot be read/);
  });

  test('and the twin of all these goes through, twice, and is taken back', () => {
    const before = system.list();
    expect(install().made).toBeGreaterThan(20);
    expect(install().made).toBe(0);
    uninstall({ target: targetAt(system.root), ports: THIS_MACHINE, keepHome: false, tell: () => undefined });
    expect(system.list()).toEqual(before);
  });

  test('an update replaces the version that ran and removes it, and nothing else', () => {
    install('one');
    const first = readFileSync(system.path('usr/lib/hardshell/current/bin/node'), 'utf8');
    install('two');
    expect(first).toBe('node one\n');
    expect(readFileSync(system.path('usr/lib/hardshell/current/bin/node'), 'utf8')).toBe('node two\n');
    expect(system.list().filter((line) => /usr\/lib\/hardshell\/[0-9a-f]{16}\|d/.test(line))).toHaveLength(1);
  });

  test('files that were there before come back, and a file that the owner changed is kept beside', () => {
    writeFileSync(system.path('etc/tmpfiles.d/hardshell.conf'), 'the owner wrote this\n', { mode: 0o640 });
    const before = system.list();
    install();
    uninstall({ target: targetAt(system.root), ports: THIS_MACHINE, keepHome: false, tell: () => undefined });
    expect(system.list()).toEqual(before);
    install();
    writeFileSync(system.path('etc/tmpfiles.d/hardshell.conf'), 'changed\n');
    told = [];
    uninstall({
      ...{ target: targetAt(system.root), ports: THIS_MACHINE, keepHome: false },
      tell: (event) => told.push(event.text),
    });
    expect(readFileSync(system.path('etc/tmpfiles.d/hardshell.conf'), 'utf8')).toBe('the owner wrote this\n');
    expect(readFileSync(system.path('etc/tmpfiles.d/hardshell.conf.changed-by-owner'), 'utf8')).toBe('changed\n');
    expect(told.join('\n')).toMatch(/was changed after the installation; it is kept as/);
  });
});
