import { ASSURANCE_COMMANDS } from './assurance.ts';
import { EVIDENCE_COMMANDS } from './evidence.ts';
import { HOST_COMMANDS } from './host.ts';
import { INSTANCE_COMMANDS } from './instance.ts';
import { OWNER_COMMANDS } from './owner.ts';
import { SETTINGS_COMMANDS } from './settings.ts';
import { TASK_COMMANDS } from './tasks.ts';
import { ZONE_COMMANDS } from './zones.ts';
import type { CommandSpec } from './spec.ts';

/** Every command of this build, in the order of the help. */
export const COMMANDS: readonly CommandSpec[] = [
  ...INSTANCE_COMMANDS,
  ...OWNER_COMMANDS,
  ...TASK_COMMANDS,
  ...ZONE_COMMANDS,
  ...SETTINGS_COMMANDS,
  ...EVIDENCE_COMMANDS,
  ...ASSURANCE_COMMANDS,
  ...HOST_COMMANDS,
];

/** What a group of commands is about. */
export const GROUPS: ReadonlyMap<string, string> = new Map([
  ['inbox', 'what came in'],
  ['approvals', 'questions to you, and your answers'],
  ['tasks', 'what the agent does at set times'],
  ['contacts', 'addresses that you know'],
  ['zone', 'the sandboxes'],
  ['policy', 'what is allowed, and why'],
  ['audit-log', 'the record of what was done'],
  ['config', 'settings in `hardshell.json`'],
]);

/** Commands of the design whose part is not built. */
export const LATER_COMMANDS: ReadonlyMap<string, number> = new Map([
  ['vault', 3],
  ['connect', 3],
  ['pairing', 4],
  ['sessions', 4],
  ['panic', 5],
  ['breaker', 5],
  ['guardian', 5],
  ['canary', 5],
  ['security', 6],
  ['models', 7],
  ['mcp', 7],
  ['plugin', 7],
]);
