export { inspectZone, type ZoneProcess } from './inspect.ts';
export { expectedZones, missingZones, zonesFor } from './expected-zones.ts';
export type {
  Bench,
  ControlStatus,
  FirewallState,
  FirewallTrial,
  PointCheck,
  PointVerdict,
  StopTrial,
  SupervisorStatus,
  VerifyPoint,
  VerifyPorts,
  ZoneProof,
} from './point.ts';
export { VERIFY_POINTS } from './points.ts';
export { verifyInstance, type PointResult, type VerifyResult } from './verify.ts';
