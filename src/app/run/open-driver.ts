import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HardshellError } from '../../contracts/index.ts';
import type { Config } from '../../config/index.ts';
import {
  findBubblewrap,
  findWall,
  openDockerDriver,
  openDriver,
  requireMode,
  resolveImage,
  type Runtime,
  type ZoneDriver,
} from '../../isolation/index.ts';
import type { InstancePaths } from '../../state/index.ts';
import { IN_CONTAINER, type AgentRoot } from '../../supervisor/index.ts';
import type { AgentOrder } from './order.ts';

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

interface AgentWall {
  readonly driver: ZoneDriver;
  readonly root: AgentRoot;
}

export interface AgentAsking {
  readonly paths: InstancePaths;
  readonly runtime: Runtime;
  readonly root: AgentOrder['root'];
  /** Name of the zone, and its socket directory on the host. */
  readonly zone: string;
  readonly socketDir: string;
  readonly config: Config;
}

/** The wall for an agent's program, and the root behind it: an image by the id that its name has now. */
export async function openAgentWall(asking: AgentAsking): Promise<AgentWall> {
  const { paths, runtime, root, zone, config } = asking;
  if (root.kind !== 'engine-image') return { driver: await openOwnDriver(paths, config, runtime), root };
  const { engineSocket, minimumMode } = config.zones;
  const id = await resolveImage(engineSocket, root.reference);
  const { instance } = paths;
  // A container does not end with us: the supervisor is to look after it when we are gone.
  writeFileSync(join(asking.socketDir, IN_CONTAINER), '');
  const driver = await openDockerDriver({ instance, runtime, socketPath: engineSocket, beside: zone });
  requireMode(driver.mode, minimumMode);
  return { driver, root: { kind: 'engine-image', id } };
}
