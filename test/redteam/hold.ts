import { expect, it } from 'vitest';
import { describeOutcome } from './report.ts';
import { SUITES } from './suites/index.ts';

const SUITE_MS_MAX = 600_000;

/** One test a suite: every attack is held and every twin works. What cannot run here is said, and counts as not run. */
export function holds(...names: readonly string[]): void {
  for (const suite of SUITES.filter(({ name }) => names.includes(name))) {
    const why = suite.unavailable();
    if (why !== null) console.warn(`NOT RUN HERE: red team, ${suite.name}: ${why}`);
    it.skipIf(why !== null)(
      `holds ${suite.attacks.length} attacks: ${suite.title}`,
      async () => {
        const failed: string[] = [];
        let executed = 0;
        await suite.run(
          () => true,
          (outcome) => {
            executed += 1;
            if (!outcome.held.ok || !outcome.worked.ok) failed.push(describeOutcome(outcome));
          },
        );
        expect(failed.join('\n')).toBe('');
        expect(executed).toBe(suite.attacks.length);
      },
      SUITE_MS_MAX,
    );
  }
}
