export { cleanRun, prepareRun, UidPool } from './places.ts';
export type { ModelEndpoint } from './relay.ts';
export { startSupervisor, type EndReason, type Supervisor, type SupervisorOptions } from './supervisor.ts';
export { DEFAULT_LIMITS, INSIDE, type TablePlaces } from './table.ts';
export type { FindProgram } from './zones.ts';
