export interface SpecialBlock {
  /** CIDR notation, network address first. */
  readonly block: string;
  /** What the IANA registry calls it. */
  readonly why: string;
}

const block = (cidr: string, why: string): SpecialBlock => ({ block: cidr, why });

// No two blocks of a table overlap: a set of nftables refuses that.

/** IPv4 addresses that no server of a provider has (RFC 6890 and the IANA registry). */
export const SPECIAL_V4: readonly SpecialBlock[] = [
  block('0.0.0.0/8', 'this network'),
  block('10.0.0.0/8', 'private'),
  block('100.64.0.0/10', 'shared with the carrier'),
  block('127.0.0.0/8', 'loopback'),
  block('169.254.0.0/16', 'link-local, metadata of clouds'),
  block('172.16.0.0/12', 'private'),
  block('192.0.0.0/24', 'protocol assignments'),
  block('192.0.2.0/24', 'documentation'),
  block('192.31.196.0/24', 'AS112'),
  block('192.52.193.0/24', 'automatic multicast tunnelling'),
  block('192.88.99.0/24', '6to4 relays'),
  block('192.168.0.0/16', 'private'),
  block('192.175.48.0/24', 'AS112'),
  block('198.18.0.0/15', 'benchmarks'),
  block('198.51.100.0/24', 'documentation'),
  block('203.0.113.0/24', 'documentation'),
  block('224.0.0.0/3', 'multicast, reserved and broadcast'),
];

/** IPv6 addresses of the same kind. Whatever lies outside `GLOBAL_V6` is special too. */
export const SPECIAL_V6: readonly SpecialBlock[] = [
  block('::/128', 'unspecified'),
  block('::1/128', 'loopback'),
  block('::ffff:0:0/96', 'IPv4-mapped'),
  block('64:ff9b::/96', 'IPv4 behind NAT64'),
  block('64:ff9b:1::/48', 'IPv4 behind local NAT64'),
  block('100::/64', 'discard'),
  block('100:0:0:1::/64', 'dummy prefix'),
  block('2001::/23', 'protocol assignments, Teredo, ORCHID'),
  block('2001:db8::/32', 'documentation'),
  block('2002::/16', '6to4'),
  block('2620:4f:8000::/48', 'AS112'),
  block('3fff::/20', 'documentation'),
  block('5f00::/16', 'segment routing'),
  block('fc00::/7', 'unique local'),
  block('fe80::/10', 'link-local'),
  block('fec0::/10', 'site-local'),
  block('ff00::/8', 'multicast'),
];

/** The only IPv6 block from which addresses of servers are given out (RFC 4291). */
export const GLOBAL_V6 = '2000::/3';
