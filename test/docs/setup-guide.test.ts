import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/table/index.ts';
import { ACCOUNTS, INSTALLED, ZONE_UIDS } from '../../src/contracts/index.ts';

const GUIDE = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'setup-guide.md'), 'utf8');
const lines = [...GUIDE.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block]) => (block ?? '').trim().split('\n'));
const ours = lines
  .map((line) => /^(?:sudo )?(?:bin\/)?hardshell (.*)$/.exec(line)?.[1])
  .filter((words) => words !== undefined);

/** Options that every command takes. */
const GLOBAL = ['--json', '--home', '--no-color'];

describe('the setup guide', () => {
  test.each(lines)('`%s` is a command line that a shell can read', (line) => {
    expect(spawnSync('sh', ['-n', '-c', line]).status).toBe(0);
  });

  test.each(ours)('`hardshell %s` is a command of this build with options that it has', (words) => {
    const parts = words.split(' ');
    const spec = COMMANDS.toSorted((a, b) => b.name.length - a.name.length).find(
      ({ name }) => words === name || words.startsWith(`${name} `),
    );
    const known = [...GLOBAL, ...(spec?.options ?? []).map(({ flags }) => flags.split(' ')[0])];
    expect(spec).toBeDefined();
    expect(parts.filter((part) => part.startsWith('--') && !known.includes(part))).toEqual([]);
  });

  test('names every account, place and number as they are', () => {
    for (const word of [...Object.values(INSTALLED), ...Object.values(ACCOUNTS).map(({ name }) => name)])
      expect([word, GUIDE.includes(word) || word === INSTALLED.home]).toEqual([word, true]);
    expect(GUIDE).toContain(`${ZONE_UIDS.first} to ${ZONE_UIDS.last}`);
    expect(GUIDE).toContain(String(ACCOUNTS.executor.uid));
  });

  test('says of macOS that it was never run there', () => {
    expect(GUIDE).toMatch(/\*\*never run on a Mac\*\*/);
  });

  test('enough was read for the check to mean something', () => {
    expect([lines.length > 15, ours.length > 12]).toEqual([true, true]);
  });
});
