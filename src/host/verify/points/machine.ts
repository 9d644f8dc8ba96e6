import { lookAtDisk, lookAtSwap, saw } from '../../baseline/index.ts';
import {
  failed,
  fromJudgement,
  listIds,
  notYet,
  passed,
  type Bench,
  type FirewallState,
  type FirewallTrial,
  type PointCheck,
} from '../point.ts';

/** Whoever takes the disk reads nothing: where the home lies, and what memory is swapped to. Z1.2. */
export async function testDisk({ machine, subject }: Bench): Promise<readonly PointCheck[]> {
  return [fromJudgement(await lookAtDisk(machine, subject)), fromJudgement(await lookAtSwap(machine))];
}

const INSTALL = 'run `hardshell install` as root: it makes the users and loads the rules';

/** Nothing of ours but the one process may reach out: the rules are compared, and attacked. Z1.3. */
export async function testFirewall({ tryFirewall }: Bench): Promise<readonly PointCheck[]> {
  if (tryFirewall === null)
    return [notYet('the firewall of the users that Hardshell runs as does not come with this build')];
  const { state, attack } = await tryFirewall();
  return [judgeRules(state), judgeAttack(attack)];
}

function judgeRules(state: FirewallState): PointCheck {
  switch (state.kind) {
    case 'in_force':
      return passed('the rules of the kernel are those that we load', [saw('rules of the kernel', 'as loaded')]);
    case 'missing':
      return failed({
        found: 'the rules are not loaded',
        evidence: [saw('rules of the kernel', 'none of ours')],
        remedy: INSTALL,
      });
    case 'changed':
      return failed({
        found: `the rules were changed: ${listIds(state.what)}`,
        evidence: [saw('rules of the kernel', state.what.join(' '))],
        remedy: INSTALL,
      });
    case 'cannot_tell':
      return failed({
        found: 'cannot tell: the rules were not shown',
        evidence: [saw('rules of the kernel', state.why)],
        remedy: 'run it as root, with nftables installed',
      });
    default:
      return state satisfies never;
  }
}

function judgeAttack(attack: FirewallTrial['attack']): PointCheck {
  if (attack === null)
    return failed({
      found: 'cannot tell: the rules were not attacked',
      evidence: [],
      remedy: 'run it as root, who can take the uid of a zone',
    });
  const evidence = [saw('a datagram sent as a zone', attack.zone), saw('the same as a user of no rule', attack.twin)];
  if (attack.zone === 'refused' && attack.twin === 'passed')
    return passed('what is sent with the uid of a zone is refused, and only that', evidence);
  if (attack.zone === 'passed')
    return failed({ found: 'a datagram with the uid of a zone left', evidence, remedy: INSTALL });
  return failed({
    found: 'cannot tell: the attack shows nothing',
    evidence,
    remedy: 'look at `nft list ruleset`: something else refuses everybody',
  });
}

/** Secrets come with the vault. Z3.1. */
export function testSecrets(): Promise<readonly PointCheck[]> {
  return Promise.resolve([notYet('the vault comes with part 3; until then no provider secret is kept here')]);
}
