import { HardshellError } from '../../contracts/index.ts';
import { NFT_TABLE } from './nft-table.ts';
import { nftRuleset } from './nft-text.ts';
import type { FirewallPlan } from './plan.ts';
import { runFirewall, type RunFirewall } from './run-nft.ts';

/** Loads our table in place of an older one, whole or not at all. Throws `isolation_failed`. */
export async function loadFirewall(plan: FirewallPlan, run: RunFirewall = runFirewall): Promise<void> {
  const { status } = await run('nft', ['-f', '-'], nftRuleset(plan));
  if (status === null) throw failed('`nft` could not be run; install the package `nftables`');
  if (status !== 0) throw failed('the kernel did not take the rules; only root may load them');
}

/** Removes our table and no other. True when there was one. Throws `isolation_failed`. */
export async function removeFirewall(run: RunFirewall = runFirewall): Promise<boolean> {
  const { status, stderr } = await run('nft', ['delete', 'table', 'inet', NFT_TABLE]);
  if (status === 0) return true;
  if (stderr.includes('No such file or directory')) return false;
  throw failed('the rules could not be removed; only root may do that');
}

function failed(message: string): HardshellError {
  return new HardshellError('isolation_failed', message, { fate: 'refuse' });
}
