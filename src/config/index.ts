export type { Config, LocalModel, ZoneLimitsConfig } from './config.ts';
export { defaultConfigText } from './default-text.ts';
export { parseMember, setMember } from './edit.ts';
export { loadConfig, namedVariables, readConfigText, writeConfigText } from './file.ts';
export { nearest } from './nearest.ts';
export { describeProblem, parseConfig, type ConfigProblem, type ParsedConfig } from './parse.ts';
export type { ZoneKind } from './schema.ts';
export { listSettings, renderSettingsTable, type Setting } from './settings.ts';
export { valueAt } from './value-at.ts';
