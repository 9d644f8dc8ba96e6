import { GLOBAL_V6, SPECIAL_V4, SPECIAL_V6 } from '../../contracts/index.ts';
import { checkPlan, type FirewallPlan, type UidRange } from './plan.ts';
import { planChains, type Chain, type Match, type Rule } from './rules.ts';

export const PF_ANCHOR = 'hardshell';

/**
 * The anchor for pf. Every rule is `quick`, so the first that fits decides, in the order of the model. The rules of an
 * anchor count only where the main ruleset calls it, and before any `quick` rule of others: see `pfAnchorLines`.
 */
export function pfRuleset(plan: FirewallPlan): string {
  return [
    '# written by Hardshell; changes are lost',
    `table <hardshell_special> const { ${[...SPECIAL_V4, ...SPECIAL_V6].map(({ block }) => block).join(', ')} }`,
    `table <hardshell_resolvers> const { ${plan.resolvers.join(', ')} }`,
    ...pfRules(plan),
    '',
  ].join('\n');
}

/** The rules alone, without lists: pf shows exactly one line for each. */
export function pfRules(plan: FirewallPlan): readonly string[] {
  return [
    ...pings(),
    ...planChains(checkPlan(plan)).flatMap((chain) => chain.rules.flatMap((rule) => rulesOf(rule, chain))),
  ];
}

/** What the main ruleset needs, in front of its other filter rules and anchors. */
export function pfAnchorLines(path: string): readonly string[] {
  return [`anchor "${PF_ANCHOR}"`, `load anchor "${PF_ANCHOR}" from "${path}"`];
}

/**
 * Echo, timestamp and mask requests and node information queries, of everybody: the only ICMP that needs no root, and
 * pf knows whose a packet is for TCP and UDP only.
 */
function pings(): string[] {
  return [
    ...[8, 13, 17].map((type) => `block drop out quick inet proto icmp all icmp-type ${type}`),
    ...[128, 139].map((type) => `block drop out quick inet6 proto icmp6 all icmp6-type ${type}`),
  ];
}

function rulesOf(rule: Rule, chain: Chain): string[] {
  const passes = rule.verdict.kind === 'accept';
  const action = passes ? 'pass out quick' : 'block return out log quick';
  return matchesOf(rule.match).flatMap(({ before, to }) =>
    chain.uids.map((uids) => `${action} ${before} from any to ${to} user ${users(uids)}${passes ? ' keep state' : ''}`),
  );
}

interface PfMatch {
  readonly before: string;
  readonly to: string;
}

const BOTH = ['tcp', 'udp'] as const;

function matchesOf(match: Match): PfMatch[] {
  switch (match.kind) {
    case 'resolver':
      return [{ before: `proto ${match.protocol}`, to: '<hardshell_resolvers> port 53' }];
    case 'established':
      // pf passes what belongs to a state before it reads any rule.
      return [];
    case 'special':
      return BOTH.flatMap((protocol) => [
        { before: `proto ${protocol}`, to: '<hardshell_special>' },
        { before: `inet6 proto ${protocol}`, to: `! ${GLOBAL_V6}` },
      ]);
    case 'ports':
      return match.ports.map((port) => ({ before: 'proto tcp', to: `any port ${port}` }));
    case 'local':
      return [{ before: 'on lo0 proto tcp', to: `${match.address} port ${match.port}` }];
    case 'any':
      return BOTH.map((protocol) => ({ before: `proto ${protocol}`, to: 'any' }));
    default:
      return match satisfies never;
  }
}

/** `a >< b` is pf's range without its ends. */
function users({ from, to }: UidRange): string {
  return from === to ? String(from) : `${from - 1} >< ${to + 1}`;
}
