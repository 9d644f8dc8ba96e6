import { DEFAULT_LIMITS, type ModelEndpoint } from '../../supervisor/index.ts';
import type { ZoneProfile } from '../../contracts/index.ts';
import type { ZoneLimits } from '../../isolation/index.ts';

/** What the supervisor takes from the configuration: limits, and the one local address it relays. */
export interface Settings {
  readonly limits: Readonly<Record<ZoneProfile, ZoneLimits>>;
  readonly modelEndpoint: ModelEndpoint | undefined;
}

export function readSettings(): Settings {
  return { limits: DEFAULT_LIMITS, modelEndpoint: undefined };
}
