import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { claimsMarkdown, ESCAPE_LIST } from '../../../src/isolation/index.ts';

const doc = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'isolation.md'), 'utf8');
const between = (name: string): string =>
  (doc.split(`<!-- ${name}: begin -->`)[1] ?? '').split(`<!-- ${name}: end -->`)[0]?.trim() ?? '';

describe('docs/isolation.md', () => {
  it('has the table of what each mode claims as the code has it', () => {
    expect(between('claims')).toBe(claimsMarkdown());
  });

  it('has an executed answer for every attempt of the list, and for no other', () => {
    const rows = [...between('executed').matchAll(/^\| [\d, ]*\| `([^`]+)` \| (.*) \|$/gm)];
    expect(rows.map(([, id]) => id)).toEqual(ESCAPE_LIST.map(({ id }) => id));
    expect(rows.filter(([, , cells]) => /cannot tell/.test(cells ?? '')).map(([, id]) => id)).toEqual([]);
  });

  it('says which attempts are open there, and they are the ones that the modes name', () => {
    const open = [...between('executed').matchAll(/^\| [\d, ]*\| `([^`]+)` \|.*\*\*OPEN\*\*/gm)].map(([, id]) => id);
    expect(open).toEqual(['proc-mem']);
    for (const id of open) expect(between('claims')).toMatch(new RegExp(`^\\| ${id} .*not held`, 'm'));
  });
});
