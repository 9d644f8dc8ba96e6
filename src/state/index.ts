export { createDatabase, Database, openDatabase, sql, type Query, type Reader } from './database.ts';
export { Ledger, type LogPort, type Tx } from './database-ledger.ts';
export { SCHEMA_VERSION, type Tables } from './schema.ts';
