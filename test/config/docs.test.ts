import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { renderSettingsTable } from '../../src/config/index.ts';

it('docs/config.md holds every key with its default and its meaning', () => {
  const docs = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'config.md'), 'utf8');
  expect(docs).toContain(`\n${renderSettingsTable()}\n`);
});
