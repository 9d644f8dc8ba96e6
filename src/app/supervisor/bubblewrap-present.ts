import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { HardshellError } from '../../contracts/index.ts';
import { findBubblewrap, mayUnshare } from '../../isolation/index.ts';

/** What the search for bubblewrap needs of the machine; tests hand in another one. */
export interface BubblewrapSearch {
  readonly find: () => string | undefined;
  /** Whether the machine has the namespaces that bubblewrap would make. */
  readonly mayUnshare: () => Promise<boolean>;
  readonly osRelease: () => string;
  readonly isRoot: boolean;
  /** Runs one command to its end; true when it succeeded. */
  readonly run: (command: string, args: readonly string[]) => boolean;
  readonly tell: (sentence: string) => void;
}

export function searchThisMachine(tell: (sentence: string) => void): BubblewrapSearch {
  return {
    find: findBubblewrap,
    mayUnshare,
    osRelease: () => {
      try {
        return readFileSync('/etc/os-release', 'utf8');
      } catch {
        return '';
      }
    },
    isRoot: process.getuid?.() === 0,
    run: (command, args) =>
      spawnSync(command, args, {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive' },
      }).status === 0,
    tell,
  };
}

/** Bubblewrap where it can do something. Undefined where nothing could be made with it: it is not asked for then. */
export async function wantBubblewrap(search: BubblewrapSearch): Promise<string | undefined> {
  return search.find() ?? ((await search.mayUnshare()) ? requireBubblewrap(search) : undefined);
}

/**
 * The installed bubblewrap. As root on Debian and its kin it is installed, with a word said about it; anybody else is
 * told the one command an administrator has to run. Throws `isolation_failed` then: without it nothing starts.
 */
export function requireBubblewrap(search: BubblewrapSearch): string {
  const found = search.find();
  if (found !== undefined) return found;
  const family = distribution(search.osRelease());
  if (search.isRoot && family === 'debian') {
    search.tell('bubblewrap, the wall around every zone, is missing: installing it with apt-get');
    const install = (): boolean => search.run('apt-get', ['install', '-y', '--no-install-recommends', 'bubblewrap']);
    if (!install()) {
      search.run('apt-get', ['update']);
      install();
    }
    const installed = search.find();
    if (installed !== undefined) return installed;
    throw missing('apt-get could not install bubblewrap; run `apt-get install bubblewrap` and look at what it says');
  }
  throw missing(`bubblewrap is missing and nothing was started; ask an administrator to run: ${INSTALL[family]}`);
}

const INSTALL = {
  debian: 'sudo apt-get install -y bubblewrap',
  fedora: 'sudo dnf install -y bubblewrap',
  arch: 'sudo pacman -S --noconfirm bubblewrap',
  suse: 'sudo zypper install -y bubblewrap',
  other: 'the installation of the package `bubblewrap` (0.8 or newer)',
} as const;

function distribution(osRelease: string): keyof typeof INSTALL {
  const words = [...osRelease.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap(([, value]) =>
    (value ?? '').split(' '),
  );
  if (words.includes('debian') || words.includes('ubuntu')) return 'debian';
  if (words.includes('fedora') || words.includes('rhel')) return 'fedora';
  if (words.includes('arch')) return 'arch';
  return words.some((word) => word.includes('suse')) ? 'suse' : 'other';
}

function missing(message: string): HardshellError {
  return new HardshellError('isolation_failed', message, { fate: 'refuse' });
}
