export { COMMANDS, LATER_COMMANDS } from './table/index.ts';
export type { CommandSpec } from './table/spec.ts';
export { VERSION } from './version.ts';
