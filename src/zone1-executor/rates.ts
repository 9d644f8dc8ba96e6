import type { Rate } from '../contracts/index.ts';
import { checkRates } from '../policy/index.ts';
import { prepare, sql, type Reader, type Tx } from '../state/index.ts';

/** Longest window of a rate that policy accepts is a day; older events reach no window. */
const KEPT_MS = 2 * 86_400_000;

const WINDOW = prepare<'key' | 'since', { at_ms: number; units: number }>((hole) =>
  sql
    .selectFrom('rate_events')
    .select(['at_ms', 'units'])
    .where('key', '=', hole<string>('key'))
    .where('at_ms', '>', hole<number>('since')),
);
const COUNT = prepare<'key' | 'units' | 'at_ms', unknown>((hole) =>
  sql.insertInto('rate_events').values({ key: hole('key'), units: hole('units'), at_ms: hole('at_ms') }),
);

/** What one act counts for: itself, and the items it may take. */
export interface RateUnits {
  readonly items: number;
}

/**
 * Milliseconds until one more act fits every rate, or 0 when it fits now. Windows slide over the wall clock, since they
 * must survive a reboot; events of the future (a clock that was set back) count.
 */
export function retryAfter(
  reader: Reader,
  action: string,
  rates: readonly Rate[],
  units: RateUnits,
  nowMs: number,
): number {
  if (rates.length === 0) return 0;
  const since = nowMs - Math.max(...rates.map((rate) => rate.windowMs));
  const events = reader.all(WINDOW({ key: keyOf(action), since }));
  const verdict = checkRates(
    events.map((event) => ({ atMs: event.at_ms, items: event.units })),
    rates,
    { atMs: nowMs, items: units.items },
  );
  return verdict.kind === 'within' ? 0 : verdict.retryAfterMs;
}

/** Counts one act. Durable with the step that it is part of. */
export function countUnits(tx: Tx, action: string, units: RateUnits, nowMs: number): void {
  tx.run(COUNT({ key: keyOf(action), units: units.items, at_ms: nowMs }));
}

/** Drops events that no window reaches any more. */
export function forgetOldUnits(tx: Tx, nowMs: number): void {
  tx.run(sql.deleteFrom('rate_events').where('at_ms', '<', nowMs - KEPT_MS));
}

function keyOf(action: string): string {
  return `act:${action}`;
}
