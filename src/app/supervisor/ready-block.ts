import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Home, InstancePaths } from '../../state/index.ts';
import type { ZoneDriver } from '../../isolation/index.ts';

export interface ReadyFacts {
  readonly home: Home;
  readonly paths: InstancePaths;
  readonly driver: ZoneDriver;
  readonly samples: number;
}

/** What a person sees when everything serves: where things are, what holds, what to try. */
export function describeReady({ home, paths, driver, samples }: ReadyFacts, elapsedMs: number): string[] {
  const inbox = shorten(join(paths.home, 'mail', 'in'));
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
    '  presence   terminal: any program of this user can approve, until a passphrase is enrolled',
    '',
    home.firstStart ? 'Try next, in another terminal:' : 'In another terminal:',
    '  bin/hardshell inbox list          what came in and what was found in it',
    '  bin/hardshell approvals list      what it would like to send',
    `  cp SOME.eml ${inbox}/             any real mail`,
    '  bin/hardshell kill --simulate     what a stop would stop',
    '',
    'Ctrl-C stops everything.',
  ];
}

function shorten(path: string): string {
  const user = homedir();
  return path.startsWith(`${user}/`) ? `~${path.slice(user.length)}` : path;
}
