export { IN_CONTAINER } from './agent-places.ts';
export { AGENT_INSIDE, agentSpec, type AgentRead, type AgentStart } from './agent-spec.ts';
export { NAMES, rootMounts, type AgentRoot } from './agent-roots.ts';
export { INSIDE } from './inside.ts';
export { openLogFile, type LogFile } from './log-file.ts';
export { cleanRun, makeOwnDirectory, prepareRun, UidPool } from './places.ts';
export { startSupervisor, type EndReason, type Supervisor, type SupervisorOptions } from './supervisor.ts';
export { DEFAULT_LIMITS, zoneSpec, type ModelEndpoint, type TablePlaces } from './table.ts';
export type { FindProgram } from './zones.ts';
