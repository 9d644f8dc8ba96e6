export { Chain, ChainMark } from './chain.ts';
export type { ChainHead, ChainOptions } from './chain.ts';
export { realFiles } from './file-port.ts';
export type { DurableFile, FilePort } from './file-port.ts';
export { makeSubjectHash } from './identifiers.ts';
export { EMPTY, GENESIS, LINE_BYTES_MAX, LINE_DOMAIN, MAIN_LOG } from './format.ts';
export type { Place } from './format.ts';
export { hashLine, readFrame } from './line.ts';
export type { Frame } from './line.ts';
export { AuditLog } from './log.ts';
export { CompactRange, leafHash, nodeHash } from './merkle.ts';
export { createLog, openLog } from './open.ts';
export type { BrokenReason, LogOptions, OpenedLog, OpenOptions, OutboxRow } from './open.ts';
export { RESERVE_BYTES } from './reserve.ts';
export { openCheckpointKey } from './checkpoint-key.ts';
export {
  makeCheckpoint,
  originOf,
  parseCheckpoint,
  parseVerifierKey,
  publicKeyFromRaw,
  rawPublicKey,
  verifierKey,
  verifyCheckpoint,
} from './checkpoint.ts';
export type { Checkpoint, CheckpointVerdict, UnverifiedCheckpoint } from './checkpoint.ts';
export { describeReport } from './describe-report.ts';
export { makeLedgerLog } from './ledger-log.ts';
export type { LedgerLog } from './ledger-log.ts';
export { openLeaves } from './leaves.ts';
export type { LogLeaves } from './leaves.ts';
export { digestBytes, toDigest } from './merkle.ts';
export type { Digest } from './merkle.ts';
export { proveConsistency, proveInclusion, verifyConsistency, verifyInclusion } from './proofs.ts';
export type { LeafSource } from './proofs.ts';
export { readEntries } from './entries.ts';
export type { Entry, EntryFilter } from './entries.ts';
export { retirableThrough, retireLines } from './retire.ts';
export { createSideLog, hasSideLog, openSideLog, SideLog } from './side-log.ts';
export type { OpenedSideLog, SideLogName, SideLogOptions } from './side-log.ts';
export { readSideLogHead } from './side-log-head.ts';
export type { SideLogHead } from './side-log-head.ts';
export { verifyLog } from './verify.ts';
export type { CheckpointReport, OtherReport, OutsideHead, VerifyOptions, VerifyReport } from './verify.ts';
export type { ChainVerdict } from './verify-walk.ts';
