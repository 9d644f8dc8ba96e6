import { lookAtDisk, lookAtSwap, saw } from '../../baseline/index.ts';
import { failed, fromJudgement, notYet, passed, type Bench, type PointCheck } from '../point.ts';

/** Whoever takes the disk reads nothing: where the home lies, and what memory is swapped to. Z1.2. */
export async function testDisk({ machine, subject }: Bench): Promise<readonly PointCheck[]> {
  return [fromJudgement(await lookAtDisk(machine, subject)), fromJudgement(await lookAtSwap(machine))];
}

/** Nothing of ours but the one process may reach out. Z1.3. */
export async function testFirewall({ checkFirewall }: Bench): Promise<readonly PointCheck[]> {
  if (checkFirewall === null)
    return [notYet('the firewall of the users that Hardshell runs as does not come with this build')];
  const { ok, detail, remedy } = await checkFirewall();
  const evidence = [saw('rules of the kernel', detail)];
  if (ok) return [passed('the rules that let only the egress process out are in force', evidence)];
  return [failed({ found: 'the rules that let only the egress process out are not in force', evidence, remedy })];
}

/** Secrets come with the vault. Z3.1. */
export function testSecrets(): Promise<readonly PointCheck[]> {
  return Promise.resolve([notYet('the vault comes with part 3; until then no provider secret is kept here')]);
}
