import { defineConfig } from 'vitest/config';

/** What a mutant has to get past: the tests of the mutated rooms, with few random policies each, since every mutant pays. */
export default defineConfig({
  test: {
    include: ['test/policy/*.test.ts', 'test/zone1-executor/*grant*.test.ts'],
    env: { PROPERTY_RUNS: '5' },
    testTimeout: 30_000,
    pool: 'threads',
  },
});
