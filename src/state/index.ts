export { createDatabase, Database, openDatabase, sql, type Query, type Reader } from './database.ts';
export { Ledger, type LogPort, type Tx } from './database-ledger.ts';
export { prepare } from './prepared.ts';
export { readRecordedLog, type RecordedLog } from './recorded-log.ts';
export { SCHEMA_VERSION, type Tables } from './schema.ts';
export {
  ARMED_BYTES,
  createArmed,
  readArmed,
  rearm,
  voidArmed,
  type ArmedState,
  type KilledReason,
  type Voided,
} from './armed.ts';
export { createDurableFile, overwriteDurably, syncDirectory } from './durable.ts';
export { HOME_FILES, HOME_QUOTAS, renderFileTable, type HomeFile } from './files.ts';
export { openHome, prepareHome, type Home } from './home.ts';
export { takeHomeLock, type HomeLock } from './lock.ts';
export { giveHome, isOwnersFile, ownerOfHome, type HomeOwner } from './ownership.ts';
export { findDeployment, findHome, instancePaths, type Deployment, type InstancePaths } from './paths.ts';
