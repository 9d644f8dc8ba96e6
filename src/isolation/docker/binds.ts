import { realpathSync, statSync } from 'node:fs';
import type { Mount } from '../bwrap-args.ts';
import { refused } from './failures.ts';

/** A directory or file of the host in a container, in the words of the engine's API. */
export interface BindRequest {
  readonly Type: 'bind';
  readonly Source: string;
  readonly Target: string;
  readonly ReadOnly: boolean;
  readonly BindOptions: { readonly Propagation: 'rprivate'; readonly NonRecursive: true };
}

/** Places of the host that no zone is shown, whatever a specification says. */
const FORBIDDEN = [
  '/',
  '/proc',
  '/sys',
  '/dev',
  '/run',
  '/etc',
  '/root',
  '/home',
  '/boot',
  '/tmp',
  '/usr',
  '/var',
  '/opt',
];

/**
 * INVARIANT: no zone is shown the engine's own socket, a bare socket or a whole tree of the host: each would be the
 * host. The path is resolved here, so that a link cannot lead the engine elsewhere than what was looked at.
 */
export function bindOf(mount: Extract<Mount, { readonly kind: 'read' | 'write' }>, engineSocket: string): BindRequest {
  const source = resolve(mount.from);
  const engine = resolve(engineSocket);
  const kind = statSync(source);
  if (FORBIDDEN.includes(source) || `${engine}/`.startsWith(`${source}/`))
    throw refused(`\`${mount.from}\` would hand the machine to a zone; mount a directory of the zone's own`);
  if (!kind.isDirectory() && !kind.isFile())
    throw refused(`\`${mount.from}\` is neither a file nor a directory; mount the directory that holds a socket`);
  return {
    Type: 'bind',
    Source: source,
    Target: mount.to,
    ReadOnly: mount.kind === 'read',
    BindOptions: { Propagation: 'rprivate', NonRecursive: true },
  };
}

function resolve(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    throw refused(`\`${path}\` is not there to be mounted`);
  }
}
