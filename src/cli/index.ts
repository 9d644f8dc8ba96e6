export { buildProgram, runCommandLine, type Ports } from './program.ts';
export { COMMANDS, GROUPS, LATER_COMMANDS } from './table/index.ts';
export type { CommandSpec } from './table/spec.ts';
export { VERSION } from './version.ts';
