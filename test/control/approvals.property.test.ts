import * as fc from 'fast-check';
import { it } from 'vitest';
import { anyStep, History } from './support/history.ts';

const RUNS = process.env['SLOW'] === '1' ? 20_000 : 400;

it('holds for random histories: one yes, only in time, only for what was shown, never after a no', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60, size: 'max' }), (steps) => {
      const history = new History();
      for (const step of steps) {
        history.perform(step);
        history.check();
      }
    }),
    { numRuns: RUNS },
  );
});
