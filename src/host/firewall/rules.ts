import { EGRESS_PORTS } from '../../contracts/index.ts';
import type { FirewallPlan, UidRange } from './plan.ts';

/** What a rule looks at. */
export type Match =
  /** Port 53 of a named resolver. */
  | { readonly kind: 'resolver'; readonly protocol: 'udp' | 'tcp' }
  /** TCP that began under a rule that let it. */
  | { readonly kind: 'established' }
  | { readonly kind: 'special' }
  | { readonly kind: 'ports'; readonly ports: readonly number[] }
  | { readonly kind: 'local'; readonly address: '127.0.0.1' | '::1'; readonly port: number }
  | { readonly kind: 'any' };

export interface RateBound {
  readonly perSecond: number;
  readonly burst: number;
}

export interface Rule {
  readonly match: Match;
  /** `bound`: what comes faster goes on to the next rule. */
  readonly verdict: { readonly kind: 'accept'; readonly bound: RateBound | null } | { readonly kind: 'refuse' };
}

export type ChainName = 'zone' | 'egress' | 'relay';

/** Rules for some uids, read from the top; the first that fits decides. */
export interface Chain {
  readonly name: ChainName;
  readonly uids: readonly UidRange[];
  readonly rules: readonly Rule[];
}

const accept = (bound: RateBound | null = null): Rule['verdict'] => ({ kind: 'accept', bound });
const refuse: Rule['verdict'] = { kind: 'refuse' };

/** One model for nftables and pf. INVARIANT: the last rule of every chain refuses everything. */
export function planChains(plan: FirewallPlan): readonly Chain[] {
  const last: Rule = { match: { kind: 'any' }, verdict: refuse };
  return [
    { name: 'zone', uids: plan.zoneUids, rules: [last] },
    {
      name: 'egress',
      uids: [{ from: plan.egressUid, to: plan.egressUid }],
      rules: [
        // Before `established`, or a conversation with a resolver would pass unbounded after its first answer.
        { match: { kind: 'resolver', protocol: 'udp' }, verdict: accept({ perSecond: 20, burst: 40 }) },
        { match: { kind: 'established' }, verdict: accept() },
        { match: { kind: 'resolver', protocol: 'tcp' }, verdict: accept({ perSecond: 5, burst: 10 }) },
        // After the resolvers: the one of a home network has a private address.
        { match: { kind: 'special' }, verdict: refuse },
        { match: { kind: 'ports', ports: EGRESS_PORTS }, verdict: accept({ perSecond: 20, burst: 60 }) },
        last,
      ],
    },
    ...relayChain(plan, last),
  ];
}

function relayChain({ relay }: FirewallPlan, last: Rule): Chain[] {
  if (relay === null) return [];
  const { uid, address, port } = relay;
  return [
    {
      name: 'relay',
      uids: [{ from: uid, to: uid }],
      rules: [
        { match: { kind: 'established' }, verdict: accept() },
        { match: { kind: 'local', address, port }, verdict: accept() },
        last,
      ],
    },
  ];
}
