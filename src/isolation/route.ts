import { ISOLATION_MODES } from '../contracts/index.ts';
import type { ZoneDriver, ZoneSpec } from './driver.ts';

export interface Routes {
  /** Zones 2 and 3: what parses hostile bytes and what plans. */
  readonly containers: ZoneDriver;
  /** Everything else: it needs descriptors, folders of the home, or a network. */
  readonly others: ZoneDriver;
}

/** One driver made of two: what it says of itself is the weaker of both. */
export function routeZones({ containers, others }: Routes): ZoneDriver {
  const both = [containers, others];
  const of = (spec: ZoneSpec): ZoneDriver => (/^zone[23]-/.test(spec.name) ? containers : others);
  return {
    kind: containers.kind,
    mode: ISOLATION_MODES.findLast((mode) => both.some((driver) => driver.mode === mode)) ?? 'L',
    ownUids: both.every((driver) => driver.ownUids),
    limitsHeld: others.limitsHeld.filter((limit) => containers.limitsHeld.includes(limit)),
    degraded: both.flatMap((driver) => driver.degraded),
    get cgroupPaths() {
      return [...new Set(both.flatMap((driver) => driver.cgroupPaths))];
    },
    probe: async () => {
      for (const driver of both) {
        const probe = await driver.probe();
        if (!probe.ok) return probe;
      }
      return { ok: true, degraded: both.flatMap((driver) => driver.degraded) };
    },
    create: (spec) => of(spec).create(spec),
    exec: (spec, options) => of(spec).exec(spec, options),
    destroy: async () => {
      await Promise.all(both.map((driver) => driver.destroy()));
    },
  };
}
