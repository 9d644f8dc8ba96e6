import { ACCOUNTS, INSTALLED, type Account } from '../../contracts/index.ts';

/** What surrounds a process of ours on an installed machine. */
export type Place =
  /** A unit of its own under the service manager. */
  | { readonly kind: 'unit'; readonly sandbox: SandboxName }
  /** Started by the supervisor, inside the supervisor's unit. */
  | { readonly kind: 'tree' };

/**
 * `walls`: builds namespaces and gives uids out, so it keeps what bubblewrap needs. `rules`: loads the firewall and ends.
 * `plain`: an ordinary process of one account, with nothing but its own directories and the sockets named.
 */
export type SandboxName = 'walls' | 'rules' | 'plain';

/** One process. A later one joins by one line of the table below. */
export interface ProcessSpec {
  readonly name: string;
  readonly what: string;
  /** `root` only where uids, mounts or rules are given out. */
  readonly account: Account | 'root';
  readonly place: Place;
  /** What the firewall grants its uid: nothing, loopback or the way out. */
  readonly network: 'none' | 'loopback' | 'out';
  /** Packed program below `dist/`; the firewall's loader has none. */
  readonly program: string | null;
  /** Directories it may write. */
  readonly writes: readonly string[];
  readonly memoryMax: string;
}

const inTree = (name: string, account: Account, network: ProcessSpec['network'], what: string): ProcessSpec => ({
  name,
  what,
  account,
  place: { kind: 'tree' },
  network,
  program: name,
  writes: [],
  memoryMax: '1G',
});

/** Every process of an installed instance. */
export const PROCESSES: readonly ProcessSpec[] = [
  {
    name: 'firewall',
    what: 'Hardshell: nothing of ours reaches the network but the egress process',
    account: 'root',
    place: { kind: 'unit', sandbox: 'rules' },
    network: 'none',
    program: null,
    writes: [],
    memoryMax: '256M',
  },
  {
    name: 'supervisor',
    what: 'Hardshell: the hard shell of a personal agent',
    account: 'root',
    place: { kind: 'unit', sandbox: 'walls' },
    network: 'loopback',
    program: 'supervisor',
    writes: [INSTALLED.state, INSTALLED.mail, INSTALLED.chats, INSTALLED.run],
    memoryMax: '16G',
  },
  inTree('executor', ACCOUNTS.executor, 'none', 'decides, keeps and acts'),
  inTree('egress', ACCOUNTS.egress, 'out', 'the only way out'),
  inTree('model', ACCOUNTS.model, 'none', 'serves the model to planners'),
  inTree('connector-maildir', ACCOUNTS['connector-maildir'], 'none', 'takes mail in from a directory'),
  inTree('connector-chats', ACCOUNTS['connector-chats'], 'none', 'takes saved chats in from a directory'),
];

/** Accounts of the table, each once, in its order. */
export function accountsOf(processes: readonly ProcessSpec[]): Account[] {
  const accounts = processes.flatMap(({ account }) => (account === 'root' ? [] : [account]));
  return [...new Map(accounts.map((account) => [account.name, account])).values()];
}

export function unitName(process: Pick<ProcessSpec, 'name'>): string {
  return process.name === 'supervisor' ? 'hardshell.service' : `hardshell-${process.name}.service`;
}
