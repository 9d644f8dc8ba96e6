import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Home, InstancePaths } from '../../state/index.ts';
import type { ZoneDriver } from '../../isolation/index.ts';

export interface ReadyFacts {
  readonly home: Home;
  readonly paths: InstancePaths;
  readonly driver: ZoneDriver;
  readonly samples: number;
  /** Folder of the mail connector. */
  readonly mail: string;
}

/** What a person sees when everything serves: where things are, what holds, what to try. */
export function describeReady({ home, paths, driver, samples, mail }: ReadyFacts, elapsedMs: number): string[] {
  const inbox = shorten(join(mail, 'in'));
  const command = paths.deployment === 'installed' ? 'hardshell' : 'bin/hardshell';
  const limits =
    driver.limitsHeld.length === 0 ? 'no limits (no writable cgroup)' : `limits on ${driver.limitsHeld.join(', ')}`;
  const uids = driver.ownUids ? 'an own uid for each zone' : 'one uid for all zones';
  return [
    '',
    `Hardshell is ready (${(elapsedMs / 1_000).toFixed(1)} s)`,
    `  home       ${shorten(paths.home)}`,
    `  isolation  ${driver.kind === 'docker' ? 'docker containers and bubblewrap' : driver.kind}, mode ${driver.mode}: no network, ${uids}, ${limits}`,
    `  watching   ${inbox}${samples > 0 ? ` (${samples} sample mails of ours were put there)` : ''}`,
    '  chats      exports and saved answers, put into `chats/telegram/in` or `chats/slack/in` of the home',
    `  presence   ${PRESENCE[paths.deployment]}`,
    '',
    home.firstStart ? 'Try next, in another terminal:' : 'In another terminal:',
    `  ${`${command} inbox list`.padEnd(33)} what came in and what was found in it`,
    `  ${`${command} approvals list`.padEnd(33)} what it would like to send`,
    `  cp SOME.eml ${inbox}/             any real mail`,
    `  ${`${command} kill --simulate`.padEnd(33)} what a stop would stop`,
    '',
    'Ctrl-C stops everything.',
  ];
}

const PRESENCE = {
  checkout: 'terminal: any program of this user can approve, until a passphrase is enrolled',
  installed: 'passphrase: enrol one with `hardshell approvals enrol`, until then nothing can be approved',
} as const;

function shorten(path: string): string {
  const user = homedir();
  return path.startsWith(`${user}/`) ? `~${path.slice(user.length)}` : path;
}
