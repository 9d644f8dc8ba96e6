export { inspectZone, type ZoneProcess } from './inspect.ts';
export type { PointCheck, PointVerdict, VerifyPorts, ZoneProof } from './point.ts';
export { VERIFY_POINTS } from './points.ts';
export { verifyInstance, type PointResult, type VerifyResult } from './verify.ts';
