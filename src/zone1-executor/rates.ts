import type { Rate } from '../contracts/index.ts';
import { prepare, sql, type Reader, type Tx } from '../state/index.ts';

const WINDOW = prepare<'key' | 'since', { units: number; at_ms: number }>((hole) =>
  sql
    .selectFrom('rate_events')
    .select(['units', 'at_ms'])
    .where('key', '=', hole<string>('key'))
    .where('at_ms', '>', hole<number>('since'))
    .orderBy('at_ms'),
);
const COUNT = prepare<'key' | 'units' | 'at_ms', unknown>((hole) =>
  sql.insertInto('rate_events').values({ key: hole('key'), units: hole('units'), at_ms: hole('at_ms') }),
);

/**
 * Milliseconds until `units` more of `key` fit every rate, or 0 when they fit now.
 * Windows slide over the wall clock, since they must survive a reboot; an event that a set-back clock puts into the
 * future counts as now.
 */
export function retryAfter(
  reader: Reader,
  key: string,
  rates: readonly Rate[],
  units: RateUnits,
  nowMs: number,
): number {
  let wait = 0;
  for (const rate of rates) {
    const wanted = rate.unit === 'acts' ? units.acts : units.items;
    const rows = reader.all(WINDOW({ key: rateKey(key, rate.unit), since: nowMs - rate.windowMs }));
    let used = rows.reduce((sum, row) => sum + row.units, 0);
    for (const row of rows) {
      if (used + wanted <= rate.count) break;
      used -= row.units;
      wait = Math.max(wait, Math.min(row.at_ms, nowMs) + rate.windowMs - nowMs);
    }
    if (used + wanted > rate.count) wait = Math.max(wait, rate.windowMs);
  }
  return wait;
}

export interface RateUnits {
  readonly acts: number;
  readonly items: number;
}

/** Counts units against a key. Durable with the step that it is part of. */
export function countUnits(tx: Tx, key: string, units: RateUnits, nowMs: number): void {
  for (const unit of ['acts', 'items'] as const) {
    if (units[unit] > 0) {
      tx.run(COUNT({ key: rateKey(key, unit), units: units[unit], at_ms: nowMs }));
    }
  }
}

/** Drops events that no window of a day reaches any more. */
export function forgetOldUnits(tx: Tx, nowMs: number): void {
  tx.run(sql.deleteFrom('rate_events').where('at_ms', '<', nowMs - 2 * 86_400_000));
}

function rateKey(key: string, unit: 'acts' | 'items'): string {
  return `${unit}:${key}`;
}
