import * as z from 'zod';
import { wireErrorSchema } from '../../contracts/index.ts';
import type { VerifyPorts, ZoneProof } from '../../host/index.ts';
import type { InstancePaths } from '../../state/index.ts';
import { Failure } from '../failure.ts';
import type { Io } from '../output.ts';
import { reachSupervisor } from './supervisor-client.ts';

/** The whole list takes some ten seconds on a small machine, and longer where a zone has half a core. */
const PROVE_MS_MAX = 300_000;

const count = z.number().int().min(0);
const ids = z.array(z.string().max(200)).max(10_000);
const provenSchema = z.object({
  type: z.literal('proven'),
  zones: z.array(
    z.object({ zone: z.string().max(100), attempts: count, held: count, seen: count, open: ids, cannot_tell: ids }),
  ),
});

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
    return provenSchema.parse(answer).zones.map(({ zone, cannot_tell: cannotTell, ...rest }): ZoneProof => ({
      ...rest,
      zone: nameZone(zone),
      cannotTell,
    }));
  } finally {
    clearInterval(ticking);
    client.destroy();
  }
}

/** The zone that a process of that profile is. */
function nameZone(profile: string): string {
  const channel = /^reader-([a-z]+)$/.exec(profile)?.[1];
  if (channel !== undefined) return `zone3-${channel}-reader`;
  return profile === 'planner' || profile === 'agent' ? `zone2-${profile}` : profile;
}
