import type { Config, LocalModel, ZoneLimitsConfig } from '../../config/index.ts';
import { HardshellError, ISOLATION_MODES, type IsolationMode, type ProfileKind } from '../../contracts/index.ts';
import type { ZoneDriver, ZoneLimits } from '../../isolation/index.ts';
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
      egress: toLimits(zones.egress),
      connector: toLimits(zones.connector),
      reader: toLimits(zones.reader),
      planner: toLimits(zones.planner),
      model: toLimits(zones.model),
    },
    model: models.local === null ? undefined : endpointOf(models.local),
    logBytesMax: logging.maxMiB * 1024 * 1024,
  };
}

/** Throws `isolation_failed` when this machine holds less than the owner asks for. */
export function requireMode(mode: IsolationMode, { zones }: Config): void {
  if (ISOLATION_MODES.indexOf(mode) <= ISOLATION_MODES.indexOf(zones.minimumMode)) return;
  throw new HardshellError(
    'isolation_failed',
    `isolation here is mode ${mode}, \`zones.minimumMode\` asks for ${zones.minimumMode}; run as root or change the setting`,
    { fate: 'refuse' },
  );
}

/**
 * The model, where a planner that asks one is still kept from the owner's other sockets. Without namespaces and without
 * uids of their own it would not be: who may open a socket then reaches that of approvals too.
 */
export function modelBehind(
  { hostView, ownUids }: Pick<ZoneDriver, 'hostView' | 'ownUids'>,
  model: ModelEndpoint | undefined,
  tell: (sentence: string) => void,
): ModelEndpoint | undefined {
  if (model === undefined || hostView === undefined || ownUids) return model;
  tell(
    'the model is not used: without namespaces (mode L) a planner that may ask it could reach every socket of yours; run as root or where namespaces can be made',
  );
  return undefined;
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
