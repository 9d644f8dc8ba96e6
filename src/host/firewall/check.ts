import { differences, expectedTable, readShownTable } from './nft-shown.ts';
import { NFT_TABLE, nftTable } from './nft-table.ts';
import type { FirewallPlan } from './plan.ts';
import { runFirewall, type RunFirewall } from './run-nft.ts';

export type FirewallCheck =
  | { readonly kind: 'in_force' }
  | { readonly kind: 'missing' }
  /** `what`: names of rules, sets and chains that are not what we would load. */
  | { readonly kind: 'changed'; readonly what: readonly string[] }
  | { readonly kind: 'cannot_tell'; readonly why: string };

/** Compares what the kernel has with what we would load, object by object. Changes nothing. Never throws for `nft`. */
export async function checkFirewall(plan: FirewallPlan, run: RunFirewall = runFirewall): Promise<FirewallCheck> {
  const expected = expectedTable(nftTable(plan));
  const { status, stdout, stderr } = await run('nft', ['-j', 'list', 'table', 'inet', NFT_TABLE]);
  if (status === null) {
    return { kind: 'cannot_tell', why: '`nft` could not be run; install the package `nftables`' };
  }
  if (status !== 0) {
    if (stderr.includes('No such file or directory')) return { kind: 'missing' };
    return { kind: 'cannot_tell', why: 'the kernel showed no rules; only root may look at them' };
  }
  const shown = readShownTable(stdout);
  if (shown === undefined) return { kind: 'cannot_tell', why: '`nft` answered in a form that is not known here' };
  const what = differences(expected, shown);
  return what.length === 0 ? { kind: 'in_force' } : { kind: 'changed', what };
}
