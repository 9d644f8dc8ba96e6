import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { listMarkdown } from './report.ts';
import { SUITES } from './suites/index.ts';

const attacks = SUITES.flatMap((suite) => suite.attacks.map((attack) => ({ suite: suite.name, ...attack })));

it('lists at least 60 attacks, each with its own id, what must happen and an allowed twin', () => {
  expect(attacks.length).toBeGreaterThanOrEqual(60);
  expect(new Set(attacks.map(({ id }) => id)).size).toBe(attacks.length);
  for (const { id, title, expect: must, twin } of attacks) {
    expect(id).toMatch(/^[a-z]{3,4}-\d\d$/);
    expect([title, must, twin].every((text) => text.length > 5)).toBe(true);
  }
});

it('attacks as a planner, from inside a zone, as a reader, by mail, by crashes, by the disk, by the owner’s files and as a connector', () => {
  const attackers = new Set(attacks.map(({ attacker }) => attacker));
  for (const one of [
    'planner',
    'zone',
    'reader',
    'mail',
    'crash',
    'disk',
    'owner’s files',
    'neighbour',
    'connector',
  ] as const)
    expect(attackers.has(one), one).toBe(true);
});

it('runs every suite in one of the test files', () => {
  const texts = readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => readFileSync(`${import.meta.dirname}/${name}`, 'utf8'))
    .join('\n');
  for (const { name } of SUITES) expect(texts, name).toContain(`'${name}'`);
});

it('keeps the list in `docs/redteam.md` as `redteam --list --markdown` prints it', () => {
  const doc = readFileSync(`${import.meta.dirname}/../../docs/redteam.md`, 'utf8');
  const [, list] = doc.split(/<!-- list: .* -->\n/);
  expect(list?.trim()).toBe(listMarkdown(SUITES));
});

it('refuses the name of an attack that there is not, and runs nothing', () => {
  const main = `${import.meta.dirname}/main.ts`;
  for (const only of ['zzz', `${attacks[0]?.id ?? ''},zzz`]) {
    const run = spawnSync(process.execPath, [main, '--only', only], { encoding: 'utf8' });
    expect([run.status, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain('hardshell: no attack begins with `zzz`; see `hardshell redteam --list`\n');
  }
});
