import { followInstruction } from './instruction/follow-instruction.ts';
import type { Templates } from './triage/templates.ts';
import { triageItem } from './triage/triage-item.ts';
import type { Planner } from './work.ts';

/** The planner that needs no model: triage for messages, a few verbs for the owner. */
export function rulesPlanner(templates: Templates): Planner {
  return {
    plan: async (work, tools) =>
      work.kind === 'item' ? triageItem(work.item, templates) : await followInstruction(work, tools),
  };
}
