import { realpathSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { HardshellError } from '../../contracts/index.ts';
import type { InstancePaths } from '../../state/index.ts';
import type { AgentRead } from '../../supervisor/index.ts';

/** The kernel's own files show every process of the owner, its root and its memory; `/run` holds the machine's sockets. */
const OF_THE_MACHINE = ['/proc', '/sys', '/dev', '/run'];
/** Where root's workspaces are; an ordinary user's are in the home. */
export const WORKSPACES_OF_ROOT = '/var/lib/hardshell-workspaces';

/**
 * The files and folders that an agent may read, as they are now, by their last names. INVARIANT: none of them holds, or
 * lies in, what is ours: a read-only folder still lets whoever sees it connect to the sockets in it, and approve its own
 * requests. What lies in a workspace is refused too, since the agent there can make a link of it.
 * Throws `config_invalid`.
 */
export function resolveReads(reads: readonly string[], paths: InstancePaths): AgentRead[] {
  const found = reads.map((path) => ({ from: requireForeign(path, paths), name: basename(resolve(path)) }));
  const names = found.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw refuse(`two of the files to read are called \`${twice}\`; name one of them`);
  return found;
}

/** The real path of something that may be shown to an agent. Throws `config_invalid` for what is ours or the machine's. */
export function requireForeign(path: string, { home, run }: InstancePaths): string {
  const real = realPath(path);
  const ours = [home, run, WORKSPACES_OF_ROOT].find((place) => holds(real, place) || holds(place, real));
  if (ours !== undefined)
    throw refuse(`\`${path}\` holds or lies in \`${ours}\`, which no agent may see; copy what it needs elsewhere`);
  const machine = OF_THE_MACHINE.find((place) => holds(real, place) || (place !== '/run' && holds(place, real)));
  if (machine !== undefined)
    throw refuse(`\`${path}\` shows an agent \`${machine}\` of this machine; name the files it needs`);
  return real;
}

function realPath(path: string): string {
  try {
    return realpathSync(resolve(path));
  } catch {
    throw refuse(`\`${path}\` is not there, or you may not look at it; name a file or folder that is`);
  }
}

/** True where `inner` is `outer`, or below it. */
function holds(outer: string, inner: string): boolean {
  return inner === outer || inner.startsWith(outer === '/' ? '/' : `${outer}/`);
}

function refuse(message: string): HardshellError {
  return new HardshellError('config_invalid', message, { fate: 'refuse' });
}
