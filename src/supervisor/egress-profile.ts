import type { EgressLists } from '../contracts/index.ts';
import type { Mount } from '../isolation/index.ts';
import { INSIDE } from './inside.ts';
import type { Profile } from './profile.ts';

/** What of the table's places belongs to the way out. */
interface EgressRun {
  readonly run: string;
  readonly egress: EgressLists | undefined;
}

const TMP_BYTES_MAX = 1024 * 1024;

/** The socket of a process that has a list; whoever has none finds nothing there. */
export function wayOut(client: string, { run, egress }: EgressRun): readonly Mount[] {
  if (egress?.clients.some((one) => one.client === client) !== true) return [];
  return [{ kind: 'read', from: `${run}/egress-bridges/${client}`, to: INSIDE.egressBridge }];
}

/**
 * The only process with a network. It finds no file of the host, not even the names of its name servers, and may write
 * nothing but the sockets it listens on: their directories are mounted one by one, so that none can be replaced.
 */
export function egressProfile({ run, egress }: EgressRun): Profile {
  const clients = egress?.clients ?? [];
  return {
    mounts: [
      { kind: 'read', from: `${run}/egress-lists`, to: INSIDE.egressLists },
      ...clients.map(({ client }): Mount => ({
        kind: 'write',
        from: `${run}/egress-bridges/${client}`,
        to: `${INSIDE.egressBridges}/${client}`,
      })),
      { kind: 'write', from: `${run}/egress-events`, to: INSIDE.egressEvents },
    ],
    env: { HARDSHELL_NETWORK: 'host' },
    nodeFlags: [],
    sockets: 'internet',
    network: 'host',
    watch: false,
    tmpBytesMax: TMP_BYTES_MAX,
  };
}

/** It learns what happened. Who may reach what is not its to write, and the sockets of others are not its to use. */
export function egressForExecutor(run: string): readonly Mount[] {
  return [
    { kind: 'read', from: `${run}/egress-lists`, to: `${INSIDE.run}/egress-lists` },
    { kind: 'tmp', to: `${INSIDE.run}/egress-bridges`, bytesMax: 4_096 },
    { kind: 'read', from: `${run}/egress-events`, to: `${INSIDE.run}/egress-events` },
  ];
}
