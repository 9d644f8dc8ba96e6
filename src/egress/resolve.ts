import { promises as dns } from 'node:dns';
import type { EgressReason } from '../contracts/index.ts';
import type { EgressLimits } from './limits.ts';
import { isSpecialAddress } from './special.ts';

/** One question each; rejects with an error whose `code` is that of `node:dns`. */
export interface NameResolver {
  readonly resolve4: (name: string) => Promise<readonly string[]>;
  readonly resolve6: (name: string) => Promise<readonly string[]>;
  readonly cancel: () => void;
}

export type Resolved =
  { readonly ok: true; readonly addresses: readonly string[] } | { readonly ok: false; readonly reason: EgressReason };

/** A resolver for one name: it asks name servers only (no hosts file, no cache of ours). Empty: those of the system. */
export function systemResolver(servers: readonly string[], limits: EgressLimits): NameResolver {
  const resolver = new dns.Resolver({ timeout: Math.ceil(limits.resolveMs / 3), tries: 2 });
  if (servers.length > 0) resolver.setServers(servers);
  return {
    resolve4: (name) => resolver.resolve4(name),
    resolve6: (name) => resolver.resolve6(name),
    cancel: () => resolver.cancel(),
  };
}

/**
 * Asks once for both families. INVARIANT: every address returned was checked, and one special address among them
 * refuses the name: an answer that mixes a public with a private address is an attack (rebinding).
 */
export async function resolveOnce(name: string, resolver: NameResolver, limits: EgressLimits): Promise<Resolved> {
  const [v4, v6] = await Promise.all([
    ask(() => resolver.resolve4(name), limits.resolveMs),
    ask(() => resolver.resolve6(name), limits.resolveMs),
  ]);
  resolver.cancel();
  const addresses = [...new Set([...v4.addresses, ...v6.addresses])];
  if (addresses.length > limits.addressesMax) return { ok: false, reason: 'dns_too_many' };
  if (addresses.some(isSpecialAddress)) return { ok: false, reason: 'special_address' };
  // One family that fails beside another that answers is common where there is no IPv6.
  if (addresses.length === 0) return { ok: false, reason: v4.failure ?? v6.failure ?? 'dns_no_address' };
  return { ok: true, addresses };
}

interface Asked {
  readonly addresses: readonly string[];
  readonly failure?: EgressReason;
}

async function ask(question: () => Promise<readonly string[]>, timeoutMs: number): Promise<Asked> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Asked>((resolve) => {
    timer = setTimeout(() => resolve({ addresses: [], failure: 'dns_timeout' }), timeoutMs);
  });
  try {
    return await Promise.race([late, question().then((addresses) => ({ addresses }))]);
  } catch (error) {
    return asked(error);
  } finally {
    clearTimeout(timer);
  }
}

function asked(error: unknown): Asked {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENODATA':
    case 'ENOTFOUND':
      return { addresses: [] };
    case 'ETIMEOUT':
    case 'ECANCELLED':
      return { addresses: [], failure: 'dns_timeout' };
    default:
      return { addresses: [], failure: 'dns_failed' };
  }
}
