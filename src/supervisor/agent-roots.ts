import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { HardshellError } from '../contracts/index.ts';
import type { Mount } from '../isolation/index.ts';

/** What an agent's programs find at `/`, read-only. */
export type AgentRoot =
  /** The programs of this machine. */
  | { readonly kind: 'host-ro' }
  /** An unpacked image. */
  | { readonly kind: 'image'; readonly directory: string }
  /** An image that a container engine has, by its id. */
  | { readonly kind: 'engine-image'; readonly id: string };

/** Programs and libraries. No home, no state, no sockets, no settings of other programs. */
const SYSTEM = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32', 'usr'];
/** What programs of this machine need from `/etc`; names of accounts and hosts are ours, not the machine's. */
const SETTINGS = [
  ...['alternatives', 'ssl/certs', 'ssl/openssl.cnf', 'ca-certificates', 'ld.so.cache', 'ld.so.conf', 'ld.so.conf.d'],
  ...['localtime', 'timezone', 'terminfo', 'inputrc', 'bash.bashrc', 'profile', 'locale.alias', 'mime.types'],
  ...['python3', 'python3.11', 'perl', 'magic', 'debian_version', 'os-release'],
];
/** Accounts and hosts as an agent sees them: ours in any root. */
export const NAMES: readonly string[] = ['passwd', 'group', 'hosts', 'nsswitch.conf'];
/** What a container engine writes into `/etc` by itself, the machine's resolvers among it. */
export const NAMES_OF_ENGINE: readonly string[] = ['resolv.conf', 'hostname'];
/** Made by us or by the wall, or nothing an image has to say. */
const NOT_FROM_IMAGE = new Set([
  'proc',
  'sys',
  'dev',
  'tmp',
  'run',
  'workspace',
  'hardshell',
  'hardshell-escape',
  'read',
]);
/**
 * Folders in which things of ours are put, shown entry by entry without these. INVARIANT: nothing of ours is mounted
 * below what an image brings. Bubblewrap follows its links while the host is still in sight, and what the loader is told
 * to load first would run in front of the step down of mode R.
 */
const OURS_IN_IMAGE: Readonly<Record<string, readonly string[]>> = { etc: [...NAMES, 'ld.so.preload'], var: ['run'] };

/** Throws `isolation_failed` where the image is no directory. */
export function rootMounts(root: AgentRoot): Mount[] {
  switch (root.kind) {
    case 'host-ro':
      return [...SYSTEM.flatMap((name) => entry('/', name)), ...SETTINGS.flatMap((name) => entry('/etc', name))];
    case 'image':
      return imageMounts(root.directory);
    case 'engine-image':
      return [];
    default:
      return root satisfies never;
  }
}

function imageMounts(directory: string): Mount[] {
  try {
    const whole = readdirSync(directory).filter(
      (name) => !NOT_FROM_IMAGE.has(name) && !Object.hasOwn(OURS_IN_IMAGE, name),
    );
    return [
      ...whole.flatMap((name) => entry(directory, name, '/')),
      ...Object.entries(OURS_IN_IMAGE).flatMap(([name, ours]) => {
        const from = join(directory, name);
        if (lstatSync(from, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
        return readdirSync(from)
          .filter((inner) => !ours.includes(inner))
          .flatMap((inner) => entry(from, inner, `/${name}`));
      }),
    ];
  } catch (cause) {
    throw new HardshellError('isolation_failed', `\`${directory}\` is no directory with an unpacked image`, {
      fate: 'refuse',
      cause,
    });
  }
}

/** One entry as it is: a link stays a link, so that it leads nowhere but inside. */
function entry(directory: string, name: string, at = directory): Mount[] {
  const from = join(directory, name);
  const found = lstatSync(from, { throwIfNoEntry: false });
  if (found === undefined) return [];
  const to = join(at, name);
  // A link in `/etc` leads to a file of the machine that is shown by its contents.
  if (found.isSymbolicLink() && directory !== '/etc') return [{ kind: 'link', target: readlinkSync(from), to }];
  return [{ kind: 'read', from, to }];
}
