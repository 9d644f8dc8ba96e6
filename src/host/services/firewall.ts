import { ZONE_UIDS } from '../../contracts/index.ts';
import type { ProcessSpec } from './table.ts';

/**
 * Rules for the accounts of the table: every one of ours, and every uid of a zone, is mute. The one with the way out
 * reaches the ports of its own list; what is behind them is its own work.
 */
export function renderFirewall(processes: readonly ProcessSpec[]): string {
  const uidsOf = (network: ProcessSpec['network']): number[] =>
    processes.flatMap(({ account, network: own }) => (account === 'root' || own !== network ? [] : [account.uid]));
  const muted = [...uidsOf('none'), ...uidsOf('loopback'), `${ZONE_UIDS.first}-${ZONE_UIDS.last}`].join(', ');
  return [
    '# Written by `hardshell install`.',
    'table inet hardshell',
    'delete table inet hardshell',
    'table inet hardshell {',
    '  chain output {',
    '    type filter hook output priority filter; policy accept;',
    `    meta skuid { ${muted} } counter reject with icmpx admin-prohibited`,
    '  }',
    '}',
    '',
  ].join('\n');
}
