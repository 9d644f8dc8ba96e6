import { readFileSync } from 'node:fs';
import { resolversIn, type EgressLists } from '../../contracts/index.ts';

/** The lists with the name servers of this machine, whose file no zone sees. Undefined where nobody has a way out. */
export function egressListsFor(
  clients: EgressLists['clients'] | undefined,
  readResolvers = readResolverFile,
): EgressLists | undefined {
  if (clients === undefined || clients.length === 0) return undefined;
  return { resolvers: resolversIn(readResolvers()), clients };
}

/** Without the file the system asks a name server on this machine, and so does the egress process. */
function readResolverFile(): string {
  try {
    return readFileSync('/etc/resolv.conf', 'utf8');
  } catch {
    return '';
  }
}
