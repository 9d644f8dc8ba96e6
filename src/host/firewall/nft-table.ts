import { GLOBAL_V6, SPECIAL_V4, SPECIAL_V6 } from '../../contracts/index.ts';
import { part, type Part } from './nft-parts.ts';
import { checkPlan, resolversOf, type FirewallPlan, type UidRange } from './plan.ts';
import { planChains, type Chain, type Match, type Rule } from './rules.ts';

export const NFT_TABLE = 'hardshell';

export interface NftSet {
  readonly name: string;
  readonly type: 'uid' | 'ipv4_addr' | 'ipv6_addr';
  readonly elements: readonly string[];
}

export interface NftChain {
  readonly name: string;
  /** True for the chain in which the kernel begins. */
  readonly hooked: boolean;
  readonly rules: readonly (readonly Part[])[];
}

/** Our table, as a value: the text that loads it and the check that compares it are both made from this. */
export interface NftTable {
  readonly sets: readonly NftSet[];
  readonly counters: readonly string[];
  readonly chains: readonly NftChain[];
}

export function nftTable(plan: FirewallPlan): NftTable {
  const chains = planChains(checkPlan(plan));
  return {
    sets: [
      ...chains.map(({ name, uids }): NftSet => ({ name: `${name}_uids`, type: 'uid', elements: uids.map(uidText) })),
      { name: 'resolvers4', type: 'ipv4_addr', elements: resolversOf(plan, 4) },
      { name: 'resolvers6', type: 'ipv6_addr', elements: resolversOf(plan, 6) },
      { name: 'special4', type: 'ipv4_addr', elements: SPECIAL_V4.map(({ block }) => block) },
      { name: 'special6', type: 'ipv6_addr', elements: SPECIAL_V6.map(({ block }) => block) },
    ],
    counters: chains.map(({ name }) => `${name}_refused`),
    chains: [
      {
        name: 'output',
        hooked: true,
        rules: chains.map(({ name }) => [part.uid(`${name}_uids`), part.goto(name)]),
      },
      ...chains.map((chain) => ({
        name: chain.name,
        hooked: false,
        rules: chain.rules.flatMap((rule) => rulesOf(rule, chain)),
      })),
      ...chains.map(refusing),
    ],
  };
}

/** What is refused is counted whole and logged in part: a log that can be filled is a second way to do harm. */
function refusing({ name }: Chain): NftChain {
  return {
    name: `${name}_refuse`,
    hooked: false,
    rules: [
      [part.counter(`${name}_refused`)],
      [part.limit(2, 10), part.log(`hardshell-${name}-refused `)],
      [part.tcp, part.resetTcp],
      [part.reject],
    ],
  };
}

function rulesOf(rule: Rule, { name }: Chain): Part[][] {
  const verdict = verdictOf(rule, name);
  return matchesOf(rule.match).map((match) => [...match, ...verdict]);
}

function verdictOf({ verdict }: Rule, chain: string): Part[] {
  switch (verdict.kind) {
    case 'accept':
      return verdict.bound === null
        ? [part.accept]
        : [part.limit(verdict.bound.perSecond, verdict.bound.burst), part.accept];
    case 'refuse':
      return [part.goto(`${chain}_refuse`)];
    default:
      return verdict satisfies never;
  }
}

/** One match of ours may take several rules of nftables: one a family. */
function matchesOf(match: Match): Part[][] {
  switch (match.kind) {
    case 'resolver': {
      const port = [part.port(match.protocol, 53), ...(match.protocol === 'tcp' ? [part.state('new')] : [])];
      return [
        [part.to('ip', 'resolvers4'), ...port],
        [part.to('ip6', 'resolvers6'), ...port],
      ];
    }
    case 'established':
      return [[part.tcp, part.state('established')]];
    case 'special':
      return [[part.to('ip', 'special4')], [part.to('ip6', 'special6')], [part.outside('ip6', GLOBAL_V6)]];
    case 'ports':
      return [[part.ports(match.ports), part.state('new')]];
    case 'local':
      return [[part.toAddress(match.address === '::1' ? 'ip6' : 'ip', match.address), part.port('tcp', match.port)]];
    case 'any':
      return [[]];
    default:
      return match satisfies never;
  }
}

function uidText({ from, to }: UidRange): string {
  return from === to ? String(from) : `${from}-${to}`;
}
