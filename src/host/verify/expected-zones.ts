import { ZONE_PROFILES } from '../../contracts/index.ts';
import type { SupervisorStatus } from './point.ts';

/** What has to run, by name; `.*` at the end: at least one whose name begins so. A further zone is one line. */
export function expectedZones({ modelWanted }: { readonly modelWanted: boolean }): readonly string[] {
  return [
    'zone1-executor',
    ...ZONE_PROFILES.filter((profile) => profile.startsWith('connector-')),
    'zone2-planner',
    'zone3-email-reader.*',
    ...(modelWanted ? ['model'] : []),
  ];
}

/** Expected names for which nothing runs. */
export function missingZones(expected: readonly string[], status: SupervisorStatus): string[] {
  return expected.filter((name) => !zonesFor(name, status).some(({ running }) => running));
}

/** Zones of the running instance that stand for an expected name. */
function zonesFor(expected: string, status: SupervisorStatus): SupervisorStatus['zones'] {
  const start = expected.endsWith('.*') ? expected.slice(0, -1) : null;
  return status.zones.filter(({ name }) => (start === null ? name === expected : name.startsWith(start)));
}
