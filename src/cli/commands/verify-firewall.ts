import { readFileSync } from 'node:fs';
import { resolversIn, ZONE_UIDS } from '../../contracts/index.ts';
import {
  attackFirewall,
  checkFirewall,
  openJournal,
  planFirewall,
  PROCESSES,
  targetAt,
  USUAL_CHOICES,
  type VerifyPorts,
} from '../../host/index.ts';

type TryFirewall = NonNullable<VerifyPorts['tryFirewall']>;

/** The rules that an installation loads on this machine, compared with those of the kernel, and attacked. */
export async function tryFirewall(): ReturnType<TryFirewall> {
  const isRoot = process.getuid?.() === 0;
  const { oneAccount } = (isRoot ? openJournal(targetAt('/'))?.choices : undefined) ?? USUAL_CHOICES;
  const plan = planFirewall({ processes: PROCESSES, resolvers: readResolvers(), oneAccount });
  const state = await checkFirewall(plan);
  if (!isRoot) return { state, attack: null };
  // Root stands in no rule: what it may send shows that something can be sent here at all.
  const [zone, twin] = await Promise.all([attackFirewall(ZONE_UIDS.first), attackFirewall(0)]);
  return { state, attack: { zone, twin } };
}

/** As at an installation: the rules name the servers that the egress process may ask. */
function readResolvers(): string[] {
  try {
    return resolversIn(readFileSync('/etc/resolv.conf', 'utf8'));
  } catch {
    return [];
  }
}
