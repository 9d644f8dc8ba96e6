import { HardshellError } from '../../contracts/index.ts';
import { findBubblewrap, findWall, openDriver, type Runtime, type ZoneDriver } from '../../isolation/index.ts';
import type { InstancePaths } from '../../state/index.ts';

/**
 * The driver of the instance, for one zone of ours beside those of the supervisor. Never destroyed here: that would stop
 * every zone of the instance. Throws `isolation_failed` where no wall stands.
 */
export async function openOwnDriver(paths: InstancePaths, runtime: Runtime): Promise<ZoneDriver> {
  const found = await findWall(findBubblewrap());
  if (!found.ok)
    throw new HardshellError('isolation_failed', `no wall can be built: ${found.reason}; ${found.remedy}`, {
      fate: 'refuse',
    });
  return openDriver(found, { instance: paths.instance, runtime: () => runtime });
}
