import { createBubblewrapDriver } from './bubblewrap.ts';
import type { ZoneDriver } from './driver.ts';
import type { FoundWall } from './find-wall.ts';
import { createLandlockDriver } from './landlock/driver.ts';
import type { Runtime } from './runtime.ts';

export interface DriverOptions {
  /** Eight hex digits of the home: names the cgroups and marks the processes of the instance. */
  readonly instance: string;
  /** For each start anew: a copy by digest may replace the checkout's own file while we run. */
  readonly runtime: () => Runtime;
}

/** The driver of the wall that was found. */
export function openDriver({ wall, degraded }: FoundWall & { readonly ok: true }, options: DriverOptions): ZoneDriver {
  switch (wall.kind) {
    case 'namespaces':
    case 'root':
      return createBubblewrapDriver({ ...options, wall, degraded });
    case 'landlock':
      return createLandlockDriver({ ...options, abi: wall.abi });
    default:
      return wall satisfies never;
  }
}
