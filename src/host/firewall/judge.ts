import type { FirewallCheck } from './check.ts';

export type FirewallVerdict =
  | { readonly start: 'allowed'; readonly degraded: readonly string[] }
  /** `message`: one sentence for the person who tried to start. */
  | { readonly start: 'refused'; readonly message: string };

const NAMED_MAX = 3;

/**
 * What a check means for a start. Installed: without the rules nothing starts. In a checkout: zones are held by their
 * namespaces alone, and that is shown.
 */
export function judgeFirewall(check: FirewallCheck, deployment: 'checkout' | 'installed'): FirewallVerdict {
  if (check.kind === 'in_force') return { start: 'allowed', degraded: [] };
  const state = sentence(check);
  if (deployment === 'installed') {
    return { start: 'refused', message: `${state}; run \`hardshell install\` as root to load them again` };
  }
  return {
    start: 'allowed',
    degraded: [
      `${state}: processes are kept off the network by their namespaces alone (\`hardshell install\` adds the rules)`,
    ],
  };
}

function sentence(check: Exclude<FirewallCheck, { kind: 'in_force' }>): string {
  switch (check.kind) {
    case 'missing':
      return 'the firewall rules of Hardshell are not loaded';
    case 'changed': {
      const more = check.what.length - NAMED_MAX;
      const named = check.what.slice(0, NAMED_MAX).join(', ');
      return `the firewall rules of Hardshell were changed (${named}${more > 0 ? ` and ${more} more` : ''})`;
    }
    case 'cannot_tell':
      return `whether the firewall rules of Hardshell are loaded cannot be told (${check.why})`;
    default:
      return check satisfies never;
  }
}
