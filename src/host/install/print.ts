import type { Entry } from './journal.ts';
import { describeStep, describeUndo, sizeOf, type Plan, type Step } from './plan.ts';

/** A plan for a person: every step, what it gives, the whole text of every file that is written rather than copied. */
export function printPlan(plan: Plan): string[] {
  const lines = plan.steps.flatMap((step, at) => [
    `${String(at + 1).padStart(3)}  ${describeStep(step)}`,
    `     ${step.what}; undone: ${describeUndo(step)}`,
    ...contentLines(step),
  ]);
  return [
    `plan for ${plan.system}, version ${plan.version}, ${plan.steps.length} steps; nothing was changed`,
    ...lines,
    ...plan.notes.map((note) => `note: ${note}`),
  ];
}

function contentLines(step: Step): string[] {
  if (step.kind !== 'file') return [];
  const { content } = step;
  if (content.kind === 'copy')
    return [`     copy of ${content.from}, ${sizeOf(content)} bytes, sha256 ${content.sha256}`];
  return content.text
    .trimEnd()
    .split('\n')
    .map((line) => `     | ${line}`);
}

/** A plan for programs: the steps as they are. */
export function planToJson(plan: Plan): object {
  return { ...plan, steps: plan.steps.map((step) => ({ ...step, undone: describeUndo(step) })) };
}

/** What an uninstall would do, last made first. */
export function describeEntry(entry: Entry, keepHome: boolean): string {
  const { kind, subject, before, holds } = entry;
  if (before.kind === 'same') return `${kind} ${subject}: stays, it was there before`;
  if (before.kind === 'file' || before.kind === 'link' || before.kind === 'directory')
    return `${kind} ${subject}: what was there before comes back`;
  if (holds === 'data') return `${kind} ${subject}: ${keepHome ? 'kept' : 'removed with everything in it'}`;
  if (kind === 'command') return `${kind}: ${entry.undo === null ? 'nothing to take back' : entry.undo.join(' ')}`;
  return `${kind} ${subject}: removed`;
}
