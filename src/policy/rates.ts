import type { Rate } from '../contracts/index.ts';

/** One thing that counts against a rate: when (milliseconds of the boot-time clock), and how many items it took. */
export interface RateEvent {
  readonly atMs: number;
  readonly items: number;
}

export type RateVerdict =
  { readonly kind: 'within' } | { readonly kind: 'over'; readonly rate: Rate; readonly retryAfterMs: number };

/**
 * Whether one more act (which takes up to `items` items) stays within every rate, over windows that slide: the window
 * is the last `windowMs` before now, its start not included. When over, the longest wait among the rates is told;
 * an act that alone is larger than a rate is told to wait one whole window.
 * Events may be in any order; those of the future (a clock that was set back) count, since doubt denies.
 */
export function checkRates(
  events: readonly RateEvent[],
  rates: readonly Rate[],
  now: { readonly atMs: number; readonly items: number },
): RateVerdict {
  let verdict: RateVerdict = { kind: 'within' };
  for (const rate of rates) {
    const retryAfterMs = waitFor(events, rate, now);
    if (retryAfterMs > 0 && (verdict.kind === 'within' || retryAfterMs > verdict.retryAfterMs)) {
      verdict = { kind: 'over', rate, retryAfterMs };
    }
  }
  return verdict;
}

function waitFor(
  events: readonly RateEvent[],
  rate: Rate,
  now: { readonly atMs: number; readonly items: number },
): number {
  const weigh = (items: number): number => (rate.unit === 'items' ? items : 1);
  const live = events.filter(({ atMs }) => atMs > now.atMs - rate.windowMs).sort((a, b) => a.atMs - b.atMs);
  let over = live.reduce((sum, { items }) => sum + weigh(items), weigh(now.items)) - rate.count;
  if (over <= 0) return 0;
  for (const { atMs, items } of live) {
    over -= weigh(items);
    if (over <= 0) return Math.max(1, atMs + rate.windowMs - now.atMs);
  }
  return rate.windowMs;
}
