import type { FirewallCheck } from './check.ts';
import { PF_ANCHOR, pfRules } from './pf-text.ts';
import type { FirewallPlan } from './plan.ts';
import { runFirewall, type RunFirewall } from './run-nft.ts';

/**
 * Whether pf is on, calls our anchor before anything that could decide first, and has as many rules in it, in the same
 * order and for the same users, as we would load. pf shows rules in words of its own, so addresses and ports are not
 * compared; `in_force` says less here than it does of nftables.
 */
export async function checkPf(plan: FirewallPlan, run: RunFirewall = runFirewall): Promise<FirewallCheck> {
  const info = await run('pfctl', ['-s', 'info']);
  if (info.status === null) return { kind: 'cannot_tell', why: '`pfctl` could not be run' };
  if (info.status !== 0) return { kind: 'cannot_tell', why: 'pf showed no rules; only root may look at them' };
  if (!/^Status: Enabled\b/m.test(info.stdout)) return { kind: 'missing' };
  const main = linesOf((await run('pfctl', ['-s', 'rules'])).stdout);
  const anchor = main.findIndex((line) => line.startsWith(`anchor "${PF_ANCHOR}"`));
  if (anchor === -1) return { kind: 'missing' };
  if (main.slice(0, anchor).some(decides)) return { kind: 'changed', what: ['the main ruleset before our anchor'] };
  const shown = linesOf((await run('pfctl', ['-a', PF_ANCHOR, '-s', 'rules'])).stdout).map(essence);
  const expected = pfRules(plan).map(essence);
  const what = expected.flatMap((line, i) => (line === shown[i] ? [] : [`rule ${i + 1} of the anchor`]));
  if (shown.length > expected.length) what.push('rules at the end of the anchor');
  if (shown.length === 0) return { kind: 'missing' };
  return what.length === 0 ? { kind: 'in_force' } : { kind: 'changed', what };
}

/** A rule that ends the search, or an anchor that may hold one. Scrubbing and shaping decide nothing. */
function decides(line: string): boolean {
  return /\bquick\b/.test(line) || line.startsWith('anchor ');
}

/** What is written the same in our text and in what pf shows. */
function essence(line: string): string {
  const [action = ''] = line.split(' ');
  const word = (pattern: RegExp): string => pattern.exec(line)?.[1] ?? '-';
  const user = word(/\buser (?:= )?(\d+(?: >< \d+)?)/);
  return [
    action,
    /\bquick\b/.test(line) ? 'quick' : 'last',
    word(/\bproto (?:= )?([a-z0-9-]+)/).replace('ipv6-icmp', 'icmp6'),
    user,
    word(/\bto (!? ?<?\w+)/).startsWith('<') ? word(/\bto (<\w+)/) : '-',
  ].join(' ');
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
