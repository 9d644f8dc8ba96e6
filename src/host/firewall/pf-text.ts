import { GLOBAL_V6, SPECIAL_V4, SPECIAL_V6 } from '../../contracts/index.ts';
import { checkPlan, type FirewallPlan, type UidRange } from './plan.ts';
import { planChains, type Chain, type Match, type Rule } from './rules.ts';

export const PF_ANCHOR = 'hardshell';

/**
 * The anchor for pf. Every rule is `quick`, so the first that fits decides, in the order of the model. The rules of an
 * anchor count only where the main ruleset calls it, and before any `quick` rule of others: see `pfAnchorLines`.
 */
export function pfRuleset(plan: FirewallPlan): string {
  const chains = planChains(checkPlan(plan));
  return [
    '# written by Hardshell; changes are lost',
    `table <hardshell_special> const { ${[...SPECIAL_V4, ...SPECIAL_V6].map(({ block }) => block).join(', ')} }`,
    `table <hardshell_resolvers> const { ${plan.resolvers.join(', ')} }`,
    ...pings(),
    ...chains.flatMap((chain) => chain.rules.flatMap((rule) => rulesOf(rule, chain))),
    '',
  ].join('\n');
}

/** What the main ruleset needs, in front of its other filter rules. */
export function pfAnchorLines(path: string): readonly string[] {
  return [`anchor "${PF_ANCHOR}"`, `load anchor "${PF_ANCHOR}" from "${path}"`];
}

/** `user` fits TCP and UDP only; what an ordinary user can send beside them is stopped for everybody. */
function pings(): string[] {
  return [
    '# echo, timestamp and mask requests: the only ICMP that needs no root, and pf cannot tell whose they are',
    'block drop out quick inet proto icmp all icmp-type { 8, 13, 17 }',
    'block drop out quick inet6 proto icmp6 all icmp6-type { 128, 139 }',
  ];
}

function rulesOf(rule: Rule, chain: Chain): string[] {
  const user = `user ${users(chain.uids)}`;
  const action = rule.verdict.kind === 'accept' ? 'pass out quick' : 'block return log out quick';
  return matchesOf(rule.match).map(({ before, to }) => `${action} ${before} from any to ${to} ${user}${keep(rule)}`);
}

function keep({ verdict }: Rule): string {
  return verdict.kind === 'accept' ? ' keep state' : '';
}

interface PfMatch {
  readonly before: string;
  readonly to: string;
}

function matchesOf(match: Match): PfMatch[] {
  switch (match.kind) {
    case 'resolver':
      return [{ before: `proto ${match.protocol}`, to: '<hardshell_resolvers> port 53' }];
    case 'established':
      // pf passes what belongs to a state before it reads any rule.
      return [];
    case 'special':
      return [
        { before: 'proto { tcp, udp }', to: '<hardshell_special>' },
        { before: 'inet6 proto { tcp, udp }', to: `! ${GLOBAL_V6}` },
      ];
    case 'ports':
      return [{ before: 'proto tcp', to: `any port { ${match.ports.join(', ')} }` }];
    case 'local':
      return [{ before: 'on lo0 proto tcp', to: `${match.address} port ${match.port}` }];
    case 'any':
      return [{ before: 'proto { tcp, udp }', to: 'any' }];
    default:
      return match satisfies never;
  }
}

/** `a >< b` is pf's range without its ends. */
function users(uids: readonly UidRange[]): string {
  return `{ ${uids.map(({ from, to }) => (from === to ? String(from) : `${from - 1} >< ${to + 1}`)).join(', ')} }`;
}
