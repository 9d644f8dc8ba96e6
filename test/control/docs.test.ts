import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/index.ts';
import { DEFAULT_CAPS } from '../../src/control/index.ts';

const docs = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'approvals.md'), 'utf8');

it('docs/approvals.md names every command on approvals', () => {
  for (const { name } of COMMANDS) if (name.startsWith('approvals ')) expect(docs).toContain(`hardshell ${name} `);
});

it('docs/approvals.md gives the caps as they are', () => {
  const numbers = [...docs.matchAll(/^\| (?:questions|of these)[^|]*\| (\d+) \|/gm)].map((found) => Number(found[1]));
  const { pendingPerSession, questionsPerDay, questionsPerSenderPerDay, questionsReservedForOwner } = DEFAULT_CAPS;
  expect(numbers).toEqual([pendingPerSession, questionsPerDay, questionsPerSenderPerDay, questionsReservedForOwner]);
});
