export type { Config, LocalModel, ZoneLimitsConfig } from './config.ts';
export { defaultConfigText } from './default-text.ts';
export { parseMember, setMember } from './edit.ts';
export { loadConfig, readConfigText, writeConfigText } from './file.ts';
export { nearest } from './nearest.ts';
export {
  CONFIG_CHARS_MAX,
  describeProblem,
  knownKeys,
  parseConfig,
  type ConfigProblem,
  type ParsedConfig,
} from './parse.ts';
export { LOG_LEVELS, MODES, ZONE_KINDS, type Mode, type ZoneKind } from './schema.ts';
export { listSettings, renderSettingsTable, type Setting } from './settings.ts';
export { looksSecret } from './suspicious.ts';
export { valueAt } from './value-at.ts';
