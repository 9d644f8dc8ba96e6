import { HardshellError, ISOLATION_MODES, type IsolationMode } from '../contracts/index.ts';

/**
 * INVARIANT: whoever builds a wall for an instance asks this first: a machine that has become weaker since `up` is
 * noticed by every start. Throws `isolation_failed` when the wall is weaker than the owner asks for.
 */
export function requireMode(mode: IsolationMode, minimum: IsolationMode): void {
  if (ISOLATION_MODES.indexOf(mode) <= ISOLATION_MODES.indexOf(minimum)) return;
  throw new HardshellError(
    'isolation_failed',
    `isolation here is mode ${mode}, \`zones.minimumMode\` asks for ${minimum}; run as root or change the setting`,
    { fate: 'refuse' },
  );
}
