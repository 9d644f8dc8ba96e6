import { defineConfig } from 'vitest/config';

/**
 * What a mutant has to get past: the tests of what it is in, with few random policies each, since every mutant pays for
 * all of them. The commands and the documentation are tested, but prove nothing more about a mutant.
 */
export default defineConfig({
  test: {
    include: ['test/policy/*.test.ts', 'test/zone1-executor/*grant*.test.ts'],
    exclude: ['test/policy/commands.test.ts', 'test/policy/docs.test.ts'],
    env: { PROPERTY_RUNS: '5' },
    testTimeout: 30_000,
    pool: 'threads',
  },
});
