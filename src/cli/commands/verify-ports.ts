import { SUPERVISOR_ANSWERS, wireErrorSchema } from '../../contracts/index.ts';
import type { VerifyPorts, ZoneProof } from '../../host/index.ts';
import type { InstancePaths } from '../../state/index.ts';
import { Failure } from '../failure.ts';
import type { Io } from '../output.ts';
import { reachSupervisor } from './supervisor-client.ts';

/** The whole list takes some ten seconds on a small machine, and longer where a zone has half a core. */
const PROVE_MS_MAX = 300_000;

/**
 * Asks the running supervisor to attack a zone of each kind from inside, in throw-away zones like the running ones. A
 * supervisor that knows no such request has no attack list.
 */
export async function proveZones(paths: InstancePaths, io: Io): ReturnType<VerifyPorts['proveZones']> {
  const client = await reachSupervisor(paths);
  if (client === undefined) return [];
  const startedAt = performance.now();
  const ticking = setInterval(() => {
    io.progress(`attacking from inside the zones (${Math.round((performance.now() - startedAt) / 1_000)} s)`);
  }, 1_000);
  try {
    const answer = await client.request({ type: 'prove', scope: 'full' }, PROVE_MS_MAX);
    const refused = wireErrorSchema.safeParse(answer).data;
    if (refused?.error === 'malformed') return 'absent';
    if (refused !== undefined) throw new Failure(`the attacks could not be run: ${refused.message}`);
    return SUPERVISOR_ANSWERS.proven
      .parse(answer)
      .zones.map(({ zone, cannot_tell: cannotTell, ...rest }): ZoneProof => ({
        ...rest,
        zone,
        cannotTell,
      }));
  } finally {
    clearInterval(ticking);
    client.destroy();
  }
}
