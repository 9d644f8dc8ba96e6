import type { Config, LocalModel, ZoneLimitsConfig } from '../../config/index.ts';
import type { ProfileKind } from '../../contracts/index.ts';
import type { ZoneLimits } from '../../isolation/index.ts';
import type { ModelEndpoint } from '../../supervisor/index.ts';

/** What the supervisor takes from the configuration: limits, and the one local address it relays. */
export interface Settings {
  readonly limits: Readonly<Record<ProfileKind['kind'], ZoneLimits>>;
  readonly model: ModelEndpoint | undefined;
  readonly logBytesMax: number;
}

export function readSettings({ zones, models, logging }: Config): Settings {
  return {
    limits: {
      executor: toLimits(zones.executor),
      connector: toLimits(zones.connector),
      reader: toLimits(zones.reader),
      planner: toLimits(zones.planner),
      model: toLimits(zones.model),
    },
    model: models.local === null ? undefined : endpointOf(models.local),
    logBytesMax: logging.maxMiB * 1024 * 1024,
  };
}

function toLimits({ memoryMiB, tasks, cpus }: ZoneLimitsConfig): ZoneLimits {
  return { memoryBytesMax: memoryMiB * 1024 * 1024, tasksMax: tasks, cpus };
}

/** The configuration has checked that it is plain HTTP to this machine, with a port. */
function endpointOf({ baseUrl, model }: LocalModel): ModelEndpoint {
  const { hostname, port, pathname } = new URL(baseUrl);
  const host = hostname.replace(/^\[|\]$/g, '');
  return { host, port: port === '' ? 80 : Number(port), basePath: pathname === '/' ? '' : pathname, name: model };
}
