import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { HardshellError, INSTALLED } from '../contracts/index.ts';

/** `sun_path` on Linux, without its closing zero. */
export const SOCKET_PATH_BYTES_MAX = 107;
/** The longest name below `run/`: a planner's session and its socket. */
const LONGEST_BELOW_RUN = 'zone2-planner.s_abcdefghijklmnopqrstuvwxyz/zone-bridge.sock';

/** Where an instance keeps itself. Everything follows from the home and from who runs it. */
export interface InstancePaths {
  readonly home: string;
  readonly deployment: Deployment;
  /** Eight hex digits of the home: names run directory, cgroups and processes of the instance. */
  readonly instance: string;
  /** One directory a process below it, each with the sockets of its peer. */
  readonly run: string;
  readonly supervisorSocket: string;
  readonly controlSocket: string;
  readonly zonesRecord: string;
  /**
   * Node and packed files by digest, for uids that cannot read the checkout; undefined for an ordinary user. One for all
   * instances: what is named by its digest is the same for each of them.
   */
  readonly library: string | undefined;
}

/** A checkout runs from the folder it was built in; an installed instance has places and accounts of its own. */
export type Deployment = 'checkout' | 'installed';

/** Installed is what the installation's unit or command says of the installation's home, and nothing else. */
export function findDeployment(env: Readonly<Record<string, string | undefined>>, home: string): Deployment {
  return env['HARDSHELL_DEPLOYMENT'] === 'installed' && home === INSTALLED.home ? 'installed' : 'checkout';
}

/** Root works on the installed instance where there is one; everybody else has one of their own. */
function usualHome(env: Readonly<Record<string, string | undefined>>): string {
  const installed = env['HARDSHELL_DEPLOYMENT'] === 'installed' && process.getuid?.() === 0;
  return installed ? INSTALLED.home : join(homedir(), '.hardshell');
}

/** `HARDSHELL_HOME`, or `.hardshell` in the user's home; absolute, with symlinks above it resolved. */
export function findHome(env: Readonly<Record<string, string | undefined>>): string {
  const given = env['HARDSHELL_HOME'];
  if (given !== undefined && given !== '' && !isAbsolute(given)) {
    throw new HardshellError('config_invalid', `HARDSHELL_HOME must be an absolute path, not \`${given}\``, {
      fate: 'refuse',
    });
  }
  const path = resolve(given === undefined || given === '' ? usualHome(env) : given);
  try {
    return realpathSync(path);
  } catch {
    // Not made yet: its parent decides.
  }
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch (cause) {
    throw new HardshellError('config_invalid', `\`${dirname(path)}\` does not exist; make it or set HARDSHELL_HOME`, {
      fate: 'refuse',
      cause,
    });
  }
}

/** Paths of an instance. Throws `config_invalid` when a socket below the home could not be named. */
export function instancePaths(home: string, uid: number, deployment: Deployment = 'checkout'): InstancePaths {
  const instance = createHash('sha256').update(home).digest('hex').slice(0, 8);
  const installed = deployment === 'installed';
  const run = installed ? INSTALLED.run : uid === 0 ? `/run/hardshell-${instance}` : join(home, 'run');
  const longest = Buffer.byteLength(join(run, LONGEST_BELOW_RUN));
  if (longest > SOCKET_PATH_BYTES_MAX) {
    throw new HardshellError(
      'config_invalid',
      `socket paths below \`${home}\` would have ${longest} bytes, the system allows ${SOCKET_PATH_BYTES_MAX}; set HARDSHELL_HOME to a shorter directory`,
      { fate: 'refuse' },
    );
  }
  return {
    home,
    deployment,
    instance,
    run,
    supervisorSocket: join(run, 'supervisor', 'supervisor.sock'),
    controlSocket: join(run, 'control', 'control.sock'),
    zonesRecord: join(run, 'supervisor', 'zones.json'),
    // What is installed can be read by every uid where it lies. Not in `/run`, which usually runs no programs.
    library: uid === 0 && !installed ? '/var/lib/hardshell-lib' : undefined,
  };
}
