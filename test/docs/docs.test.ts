import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true }).map((name) => `docs/${String(name)}`),
].filter((name) => name.endsWith('.md'));
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

describe('documents', () => {
  test('every link to a file of ours leads somewhere', () => {
    const dead = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map(([, target]) => target ?? '')
        .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(ROOT, dirname(page), target)))
        .map((target) => `${page} → ${target}`),
    );
    expect(dead).toEqual([]);
  });

  test('every test, source and script that a document names exists', () => {
    const missing = pages.flatMap((page) =>
      [...read(page).matchAll(/`((?:test|src|scripts|bench|policies|templates|samples)\/[\w./-]+\.\w+)`/g)]
        .map(([, path]) => path ?? '')
        .filter((path) => !existsSync(join(ROOT, path)))
        .map((path) => `${page} → ${path}`),
    );
    expect(missing).toEqual([]);
  });

  test('every law has its line, and its line has a proof or says that it has none', () => {
    const lines = read('docs/guarantees.md').split('\n');
    for (let law = 1; law <= 15; law++) {
      const line = lines.find((text) => text.startsWith(`| ${law} |`)) ?? '';
      expect([law, /`(?:test|src)\/|\*\*unproven\*\*|npmrc/.test(line)]).toEqual([law, true]);
    }
  });

  test('every dependency has its line of reason', () => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read('package.json')) as Record<
      string,
      Record<string, string>
    >;
    const text = read('docs/dependencies.md');
    const silent = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies }).filter(
      (name) =>
        !text.includes(`\`${name}\``) &&
        !(name.startsWith('@stryker-mutator/') && text.includes('`@stryker-mutator/*`')),
    );
    expect(silent).toEqual([]);
  });

  test('every package of the lock file is exact, whole and without an install script', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { hasInstallScript?: boolean; integrity?: string; resolved?: string; version?: string }>;
    };
    const bad = Object.entries(packages).filter(
      ([name, { hasInstallScript, integrity, resolved }]) =>
        name !== '' && (hasInstallScript === true || integrity === undefined || resolved !== undefined),
    );
    expect(bad.map(([name]) => name)).toEqual([]);
  });

  test('no optional package of the lock file names engines, so that an older npm leaves none out', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { optional?: boolean; devOptional?: boolean; engines?: object }>;
    };
    const bad = Object.entries(packages).filter(
      ([name, entry]) => name !== '' && (entry.optional ?? entry.devOptional) === true && entry.engines !== undefined,
    );
    expect(bad.map(([name]) => name)).toEqual([]);
  });
});

describe('the red team', () => {
  test('every attack that a document names exists', async () => {
    const { SUITES } = await import('../redteam/suites/index.ts');
    const ids = new Set(SUITES.flatMap((suite) => suite.attacks.map(({ id }) => id)));
    const unknown = [
      ...read('docs/guarantees.md').matchAll(/\b(?:tok|wire|ses|apr|stp|fil|crs|rdr|zon|mai|rul|cap|dsk)-\d\d\b/g),
    ]
      .map(([id]) => id)
      .filter((id) => !ids.has(id));
    expect(unknown).toEqual([]);
    expect(ids.size).toBeGreaterThan(150);
  });
});
