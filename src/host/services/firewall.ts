import { ACCOUNTS, HardshellError, ZONE_UIDS } from '../../contracts/index.ts';
import type { FirewallPlan, UidRange } from '../firewall/index.ts';
import type { ProcessSpec } from './table.ts';

/** The port on which a local model server usually listens: the only thing that a supervisor without root may reach. */
const MODEL_PORT = 11_434;

export interface FirewallWishes {
  readonly processes: readonly ProcessSpec[];
  /** Addresses of the name servers that the egress process may ask. */
  readonly resolvers: readonly string[];
  /** The supervisor is not root: it hands on bytes to the local model under its own uid. */
  readonly oneAccount: boolean;
}

/**
 * Who may send what, from the table of processes: the one with the way out, and everybody else of ours, with or
 * without a name. Throws `config_invalid` when the table names no way out, or two.
 */
export function planFirewall({ processes, resolvers, oneAccount }: FirewallWishes): FirewallPlan {
  const named = processes.flatMap(({ account, network }) =>
    account === 'root' ? [] : [{ uid: account.uid, network }],
  );
  const [egress, ...more] = named.filter(({ network }) => network === 'out');
  if (egress === undefined || more.length > 0)
    throw new HardshellError('config_invalid', 'exactly one process of the table has the way out', { fate: 'stop' });
  const relayUid = oneAccount ? ACCOUNTS.executor.uid : null;
  const muted = new Set(named.map(({ uid }) => uid).filter((uid) => uid !== egress.uid && uid !== relayUid));
  const single = [...muted].map((uid): UidRange => ({ from: uid, to: uid }));
  return {
    zoneUids: [...single, { from: ZONE_UIDS.first, to: ZONE_UIDS.last }],
    egressUid: egress.uid,
    resolvers,
    relay: relayUid === null ? null : { uid: relayUid, address: '127.0.0.1', port: MODEL_PORT },
  };
}
