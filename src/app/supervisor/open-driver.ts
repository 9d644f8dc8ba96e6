import type { Config } from '../../config/index.ts';
import {
  createBubblewrapDriver,
  openDockerDriver,
  routeZones,
  type BubblewrapOptions,
  type ZoneDriver,
} from '../../isolation/index.ts';

export interface DriverChoice extends BubblewrapOptions {
  readonly zones: Pick<Config['zones'], 'driver' | 'engineSocket'>;
  readonly tell: (sentence: string) => void;
}

/**
 * The driver that the owner chose. Executor, connector and model stay behind bubblewrap in any case: they live on
 * descriptors and folders of the home. Throws `isolation_failed` where it cannot be had; there is no falling back.
 */
export async function openDriver({ zones, tell, ...bubblewrap }: DriverChoice): Promise<ZoneDriver> {
  const others = createBubblewrapDriver(bubblewrap);
  switch (zones.driver) {
    case 'bubblewrap':
      return others;
    case 'docker': {
      const { instance, runtime } = bubblewrap;
      const containers = await openDockerDriver({ instance, runtime: runtime(), socketPath: zones.engineSocket, tell });
      return routeZones({ containers, others });
    }
    default:
      return zones.driver satisfies never;
  }
}
