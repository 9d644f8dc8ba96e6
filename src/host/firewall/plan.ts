import { isIP } from 'node:net';
import { HardshellError } from '../../contracts/index.ts';

/** Both ends belong to it. */
export interface UidRange {
  readonly from: number;
  readonly to: number;
}

/** Who may send what. Every uid of ours stands in exactly one of the three. */
export interface FirewallPlan {
  /** Nothing leaves from these, not even to this machine. */
  readonly zoneUids: readonly UidRange[];
  /** The egress process: TLS to public addresses, questions to the named resolvers. */
  readonly egressUid: number;
  /** The only name servers that the egress process may ask; a resolver of the home network may be one. */
  readonly resolvers: readonly string[];
  /** A supervisor that is not root and hands on bytes to one local model server; null where it is root or has none. */
  readonly relay: {
    readonly uid: number;
    readonly address: '127.0.0.1' | '::1';
    readonly port: number;
  } | null;
}

const UID_MAX = 4_294_967_293;

/** Throws `config_invalid` for a plan that would cut off root, let a zone out, or name a resolver that is no address. */
export function checkPlan(plan: FirewallPlan): FirewallPlan {
  const { zoneUids, egressUid, relay } = plan;
  if (zoneUids.length === 0) throw invalid('it names no zone');
  for (const { from, to } of zoneUids) {
    if (!isUid(from) || !isUid(to) || from > to) throw invalid('a uid of a zone is none, or is the one of root');
  }
  const sorted = zoneUids.toSorted((a, b) => a.from - b.from);
  if (sorted.some(({ from }, i) => from <= (sorted[i - 1]?.to ?? 0))) throw invalid('uids of zones overlap');
  const others = relay === null ? [egressUid] : [egressUid, relay.uid];
  for (const uid of others) {
    if (!isUid(uid)) throw invalid('the uid of the egress process or the relay is none, or is the one of root');
    if (zoneUids.some(({ from, to }) => uid >= from && uid <= to)) throw invalid('a uid is a zone and something else');
  }
  if (new Set(others).size !== others.length) throw invalid('the egress process and the relay have one uid');
  if (relay !== null && !isPort(relay.port)) throw invalid('the port of the model is none');
  if (plan.resolvers.some((address) => isIP(address) === 0 || address.includes('%')))
    throw invalid('a resolver is not an address');
  if (plan.resolvers.length > 8) throw invalid('it names more than eight resolvers');
  return plan;
}

export function resolversOf(plan: FirewallPlan, family: 4 | 6): string[] {
  return plan.resolvers.filter((address) => isIP(address) === family);
}

/** INVARIANT: root is in no rule: who cuts off root cuts off the machine. */
function isUid(uid: number): boolean {
  return Number.isSafeInteger(uid) && uid > 0 && uid <= UID_MAX;
}

function isPort(port: number): boolean {
  return Number.isSafeInteger(port) && port > 0 && port <= 65_535;
}

function invalid(what: string): HardshellError {
  return new HardshellError('config_invalid', `the plan of the firewall cannot be used: ${what}`, { fate: 'refuse' });
}
