import type { Rate } from '../contracts/index.ts';
import { sql, type Reader, type Tx } from '../state/index.ts';

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
    const rows = reader.all(
      sql
        .selectFrom('rate_events')
        .select(['units', 'at_ms'])
        .where('key', '=', rateKey(key, rate.unit))
        .where('at_ms', '>', nowMs - rate.windowMs)
        .orderBy('at_ms'),
    );
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
      tx.run(sql.insertInto('rate_events').values({ key: rateKey(key, unit), units: units[unit], at_ms: nowMs }));
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
