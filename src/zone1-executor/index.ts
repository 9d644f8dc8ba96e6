export type { ServeAgent, ServedAgent } from './agents.ts';
export { Confirmed, type ConfirmedName, type ConfirmedParts } from './confirmed.ts';
export { EMPTY_CONTACTS, formatContacts, parseContacts, type Contact } from './contacts.ts';
export { ConnectorLink, type FrameLink } from './connector-link.ts';
export type {
  ControlDesk,
  InstanceFacts,
  LogDesk,
  PresencePort,
  ZoneListing,
  ZonesFound,
} from './control-desk/index.ts';
export { Executor, type ExecutorParts } from './executor.ts';
export type { StartedPlanner, StartPlanner } from './planners.ts';
export type { Caps, ConfirmedPort, ConnectorPort, ContactBook, PerformOutcome, PolicyPort, Station } from './ports.ts';
export { openPresenceDesk } from './presence-desk.ts';
export type { ReaderEnd, ReaderProcess, StartReader } from './reader-pool.ts';
export type { Session } from './sessions.ts';
