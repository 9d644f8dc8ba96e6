import { readAttempt, type Attempt } from './attempt.ts';
import { runOutside } from './run-outside.ts';
import type { Stage } from './stage.ts';

/** What the same program came to without a wall: `seen` shows that the call arrives, and that the probe can tell. */
export type Twin =
  { readonly kind: 'seen'; readonly raw: string } | { readonly kind: 'not_here'; readonly raw: string };

/** Runs the twins of all attempts: one program for most, one each for those that need a process to themselves. */
export async function runTwins(stage: Stage, attempts: readonly Attempt[]): Promise<ReadonlyMap<string, Twin>> {
  const together = attempts.filter(({ alone }) => alone === undefined);
  const groups = [together, ...attempts.filter(({ alone }) => alone !== undefined).map((attempt) => [attempt])];
  const found = await Promise.all(groups.filter((group) => group.length > 0).map((group) => runGroup(stage, group)));
  return new Map(found.flat());
}

async function runGroup(stage: Stage, attempts: readonly Attempt[]): Promise<readonly (readonly [string, Twin])[]> {
  const program = stage.write(attempts.map((attempt) => ({ id: attempt.id, steps: attempt.steps(stage.outside) })));
  const ran = await runOutside(program);
  return attempts.map((attempt) => {
    const answers = ran.kind === 'answered' ? ran.answers.get(attempt.id) : undefined;
    if (answers === undefined)
      return [attempt.id, { kind: 'not_here', raw: ran.kind === 'failed' ? ran.reason : 'no answers' }];
    const { kind, raw } = readAttempt(attempt, answers, stage.outside);
    if (kind === 'open') return [attempt.id, { kind: 'seen', raw }];
    // Where a wall ends the zone, an answer of any kind is what tells the two apart.
    const cameBack = kind === 'held' && (attempt.twin === 'comes back' || attempt.builtin === 'killed');
    return [attempt.id, cameBack ? { kind: 'seen', raw: `came back (${raw})` } : { kind: 'not_here', raw }];
  });
}
