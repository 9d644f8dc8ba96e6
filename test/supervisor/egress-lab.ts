import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NET } from '../egress/lab/namespaces.ts';
import type { World } from '../egress/lab/world.ts';

/** A command on our side of the cable, as that user, with the lab's name server in the file that names one. */
export function inLab(world: World, command: readonly string[], uid: number): string[] {
  const file = join(world.directory, 'resolv.conf');
  writeFileSync(file, `nameserver ${NET.resolver}\n`);
  const bound = ['unshare', '-m', 'sh', '-c', `mount --bind '${file}' /etc/resolv.conf && exec "$@"`, 'sh'];
  const as = uid === 0 ? [] : ['setpriv', '--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--'];
  return world.spaces.command('ours', [...bound, ...as, ...command]);
}

/** The command that is `up` for these clients, of the programs below `checkout`. */
export function upCommand(node: string, checkout: string, clients: readonly object[]): string[] {
  const main = join(import.meta.dirname, 'egress-up.ts');
  return [node, '--disable-warning=ExperimentalWarning', main, checkout, JSON.stringify(clients)];
}
