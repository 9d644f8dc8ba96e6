import type { Config } from '../../config/index.ts';
import { HardshellError } from '../../contracts/index.ts';
import {
  openDockerDriver,
  openDriver as openWall,
  routeZones,
  type DriverOptions,
  type FoundWall,
  type ZoneDriver,
} from '../../isolation/index.ts';

export interface DriverChoice extends DriverOptions {
  readonly zones: Pick<Config['zones'], 'driver' | 'engineSocket'>;
  readonly wall: FoundWall & { readonly ok: true };
  readonly tell: (sentence: string) => void;
}

/**
 * The driver that the owner chose. Executor, connector and model stay behind the wall of this machine in any case: they
 * live on descriptors and folders of the home. Throws `isolation_failed` where it cannot be had; there is no falling back.
 */
export async function openDriver({ zones, wall, tell, ...options }: DriverChoice): Promise<ZoneDriver> {
  const others = openWall(wall, options);
  switch (zones.driver) {
    case 'bubblewrap':
      return others;
    case 'docker': {
      if (others.hostView !== undefined)
        throw new HardshellError(
          'isolation_failed',
          'without namespaces (mode L) zones cannot be containers; set `zones.driver` to `bubblewrap`, or run where namespaces can be made',
          { fate: 'refuse' },
        );
      const { instance, runtime } = options;
      const containers = await openDockerDriver({ instance, runtime: runtime(), socketPath: zones.engineSocket, tell });
      return routeZones({ containers, others });
    }
    default:
      return zones.driver satisfies never;
  }
}
