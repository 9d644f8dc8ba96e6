import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rate } from '../../src/contracts/index.ts';
import { checkRates, type RateEvent } from '../../src/policy/index.ts';

const perMinute: Rate = { count: 2, unit: 'acts', windowMs: 60_000 };
const at = (atMs: number, items = 0): RateEvent => ({ atMs, items });

describe('rates', () => {
  it('allow up to the count in any window, and tell how long to wait for the next', () => {
    expect(checkRates([], [perMinute], at(0))).toEqual({ kind: 'within' });
    expect(checkRates([at(0)], [perMinute], at(10))).toEqual({ kind: 'within' });
    expect(checkRates([at(10), at(0)], [perMinute], at(20))).toEqual({
      kind: 'over',
      rate: perMinute,
      retryAfterMs: 59_980,
    });
    // The window slides: sixty seconds after the first, one more fits.
    expect(checkRates([at(0), at(10)], [perMinute], at(59_999)).kind).toBe('over');
    expect(checkRates([at(0), at(10)], [perMinute], at(60_000)).kind).toBe('within');
  });

  it('weigh items by their number, and an act too large for a window waits a whole one', () => {
    const items: Rate = { count: 100, unit: 'items', windowMs: 1_000 };
    expect(checkRates([at(0, 60)], [items], at(1, 40)).kind).toBe('within');
    expect(checkRates([at(0, 60)], [items], at(1, 41))).toEqual({ kind: 'over', rate: items, retryAfterMs: 999 });
    expect(checkRates([], [items], at(1, 101))).toEqual({ kind: 'over', rate: items, retryAfterMs: 1_000 });
  });

  it('tell the longest wait of all rates that are exceeded', () => {
    const perHour: Rate = { count: 1, unit: 'acts', windowMs: 3_600_000 };
    for (const rates of [
      [perMinute, perHour],
      [perHour, perMinute],
    ]) {
      expect(checkRates([at(0), at(1)], rates, at(2))).toMatchObject({ rate: perHour });
    }
  });

  it('count events that a set-back clock puts into the future', () => {
    const verdict = checkRates([at(500_000), at(500_000)], [perMinute], at(0));
    expect(verdict.kind).toBe('over');
  });

  it('are kept by whoever waits as long as told, and never allow more than the count in a window', () => {
    const rate = fc.record({
      count: fc.integer({ min: 1, max: 5 }),
      unit: fc.constantFrom('acts' as const, 'items' as const),
      windowMs: fc.constantFrom(10, 25, 100),
    });
    fc.assert(
      fc.property(
        fc.array(rate, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat({ max: 30 }), { maxLength: 60 }),
        (rates, steps) => {
          const events: RateEvent[] = [];
          let now = 0;
          for (const step of steps) {
            now += step;
            const verdict = checkRates(events, rates, at(now, 1));
            if (verdict.kind === 'over') {
              expect(verdict.retryAfterMs).toBeGreaterThan(0);
              now += verdict.retryAfterMs;
              expect(checkRates(events, rates, at(now, 1)).kind).toBe('within');
            }
            events.push(at(now, 1));
            for (const { count, windowMs } of rates) {
              expect(events.filter(({ atMs }) => atMs > now - windowMs).length).toBeLessThanOrEqual(count);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
