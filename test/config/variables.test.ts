import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig, namedVariables } from '../../src/config/index.ts';

test('another process that is given the named variables, and only those, reads the same settings', () => {
  const dir = mkdtempSync(join(tmpdir(), 'hs-'));
  const path = join(dir, 'hardshell.json');
  writeFileSync(path, "{ mail: { address: '${OWNER_MAIL}', name: '${OWNER_NAME}' } }");
  const env = { OWNER_MAIL: 'ann@example.org', OWNER_NAME: 'Ann', OTHER: 'not for it' };
  const handed = namedVariables(path, env);
  expect(handed).toEqual({ OWNER_MAIL: 'ann@example.org', OWNER_NAME: 'Ann' });
  expect(loadConfig(path, handed)).toEqual(loadConfig(path, env));
  expect(() => loadConfig(path, {})).toThrow(/environment variable/);
  rmSync(dir, { recursive: true });
});
