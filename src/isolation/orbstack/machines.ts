/** One machine of OrbStack: it carries the zones whose names begin with its own. */
export interface Machine {
  readonly name: 'zone2-planner' | 'zone3-email-reader' | 'zone3-telegram-reader' | 'zone3-slack-reader';
  readonly cpus: number;
  readonly memory: `${number}G`;
  readonly disk: `${number}G`;
  /** Uid of its user `zone` in the guest. */
  readonly uid: number;
}

export const MACHINES: readonly Machine[] = [
  { name: 'zone2-planner', cpus: 2, memory: '4G', disk: '8G', uid: 61_002 },
  { name: 'zone3-email-reader', cpus: 1, memory: '1G', disk: '4G', uid: 61_003 },
  { name: 'zone3-telegram-reader', cpus: 1, memory: '1G', disk: '4G', uid: 61_004 },
  { name: 'zone3-slack-reader', cpus: 1, memory: '1G', disk: '4G', uid: 61_005 },
];

/** Node is built against glibc, and bubblewrap 0.8 is the first that switches nested user namespaces off. */
export const DISTRIBUTION = 'debian:bookworm';
/** First version that copies nothing through the Mac's file system and has `--isolate-network`. */
export const ORBSTACK_MIN = [2, 2, 0] as const;
/** Where everything of ours lies in a guest; root's, read-only for everybody else. */
export const GUEST_ROOT = '/opt/hardshell';

/** The machine of a zone, by the zone's name. Undefined for what does not live in one. */
export function machineOf(zone: string): Machine | undefined {
  return MACHINES.find(({ name }) => zone === name || zone.startsWith(`${name}.`));
}

/**
 * Drops everything that goes in or out but what stays on loopback, for both families of addresses. It lies in the file
 * that the guest loads at each boot; taking an interface down would be undone by the next one.
 */
export const GUEST_FIREWALL = `#!/usr/sbin/nft -f
table inet hardshell
delete table inet hardshell
table inet hardshell {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
  }
  chain output {
    type filter hook output priority filter; policy drop;
    oifname "lo" accept
  }
}
`;
