import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BASELINE_ITEMS, VERIFY_POINTS } from '../../src/host/index.ts';

const page = (name: string): string => readFileSync(join(import.meta.dirname, '..', '..', 'docs', name), 'utf8');

it('documents each item of the baseline, and no other', () => {
  const rows = [...page('security-baseline.md').matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, id]) => id);
  expect(rows).toEqual(BASELINE_ITEMS.map(({ id }) => id));
});

it('documents each point of the final check', () => {
  for (const { title } of VERIFY_POINTS) expect(page('verify.md')).toContain(title);
});
