/** A part of a rule: as `nft -f` reads it, and as `nft -j list` shows it once the kernel has it. */
export interface Part {
  readonly text: string;
  readonly shown: unknown;
}

const match = (text: string, left: unknown, right: unknown, op = '=='): Part => ({
  text,
  shown: { match: { op, left, right } },
});
const payload = (protocol: string, field: string): unknown => ({ payload: { protocol, field } });
const meta = (key: string): unknown => ({ meta: { key } });

/** The words of nftables that we use, each once. */
export const part = {
  uid: (set: string): Part => match(`meta skuid @${set}`, meta('skuid'), `@${set}`),
  tcp: match('meta l4proto tcp', meta('l4proto'), 'tcp'),
  to: (family: 'ip' | 'ip6', set: string): Part =>
    match(`${family} daddr @${set}`, payload(family, 'daddr'), `@${set}`),
  toAddress: (family: 'ip' | 'ip6', address: string): Part =>
    match(`${family} daddr ${address}`, payload(family, 'daddr'), address),
  outside: (family: 'ip' | 'ip6', block: string): Part => {
    const [addr, len] = block.split('/');
    return match(`${family} daddr != ${block}`, payload(family, 'daddr'), { prefix: { addr, len: Number(len) } }, '!=');
  },
  port: (protocol: 'tcp' | 'udp', port: number): Part =>
    match(`${protocol} dport ${port}`, payload(protocol, 'dport'), port),
  ports: (ports: readonly number[]): Part =>
    match(`tcp dport { ${ports.join(', ')} }`, payload('tcp', 'dport'), { set: [...ports] }),
  state: (state: 'new' | 'established'): Part => match(`ct state ${state}`, { ct: { key: 'state' } }, state, 'in'),
  limit: (perSecond: number, burst: number): Part => ({
    text: `limit rate ${perSecond}/second burst ${burst} packets`,
    shown: { limit: { rate: perSecond, burst, per: 'second' } },
  }),
  log: (prefix: string): Part => ({
    text: `log prefix "${prefix}" flags skuid`,
    shown: { log: { prefix, flags: 'skuid' } },
  }),
  counter: (name: string): Part => ({ text: `counter name ${name}`, shown: { counter: name } }),
  goto: (chain: string): Part => ({ text: `goto ${chain}`, shown: { goto: { target: chain } } }),
  accept: { text: 'accept', shown: { accept: null } },
  resetTcp: { text: 'reject with tcp reset', shown: { reject: { type: 'tcp reset' } } },
  reject: {
    text: 'reject with icmpx admin-prohibited',
    shown: { reject: { type: 'icmpx', expr: 'admin-prohibited' } },
  },
} as const;
