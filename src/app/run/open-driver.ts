import { HardshellError } from '../../contracts/index.ts';
import type { Config } from '../../config/index.ts';
import {
  findBubblewrap,
  findWall,
  openDriver,
  requireMode,
  type Runtime,
  type ZoneDriver,
} from '../../isolation/index.ts';
import type { InstancePaths } from '../../state/index.ts';

/**
 * The driver of the instance, for one zone of ours beside those of the supervisor. Never destroyed here: that would stop
 * every zone of the instance. Throws `isolation_failed` where no wall stands, or a weaker one than the owner asks for.
 */
export async function openOwnDriver(
  { instance }: InstancePaths,
  { zones }: Config,
  runtime: Runtime,
): Promise<ZoneDriver> {
  const found = await findWall(findBubblewrap());
  if (!found.ok)
    throw new HardshellError('isolation_failed', `no wall can be built: ${found.reason}; ${found.remedy}`, {
      fate: 'refuse',
    });
  requireMode(found.wall.mode, zones.minimumMode);
  return openDriver(found, { instance, runtime: () => runtime });
}
