import { NFT_TABLE, nftTable, type NftChain, type NftSet } from './nft-table.ts';
import type { FirewallPlan } from './plan.ts';

/**
 * What `nft -f` loads in one transaction. The first two lines make it idempotent and touch no table but ours; nothing
 * is ever flushed.
 */
export function nftRuleset(plan: FirewallPlan): string {
  const table = nftTable(plan);
  return [
    `table inet ${NFT_TABLE}`,
    `delete table inet ${NFT_TABLE}`,
    `table inet ${NFT_TABLE} {`,
    ...table.sets.map(setText),
    ...table.counters.map((name) => `  counter ${name} {\n  }\n`),
    ...ordered(table.chains).map(chainText),
    '}',
    '',
  ].join('\n');
}

/** A chain must be known before a rule goes to it. */
function ordered(chains: readonly NftChain[]): readonly NftChain[] {
  return chains.toReversed();
}

function setText({ name, type, elements }: NftSet): string {
  return [
    `  set ${name} {`,
    `    type ${type}`,
    '    flags interval',
    ...(elements.length === 0 ? [] : [`    elements = {\n      ${elements.join(',\n      ')}\n    }`]),
    '  }\n',
  ].join('\n');
}

function chainText({ name, hooked, rules }: NftChain): string {
  return [
    `  chain ${name} {`,
    ...(hooked ? ['    type filter hook output priority 0; policy accept;'] : []),
    ...rules.map((parts) => `    ${parts.map(({ text }) => text).join(' ')}`),
    '  }\n',
  ].join('\n');
}
