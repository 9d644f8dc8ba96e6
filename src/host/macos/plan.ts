import { join } from 'node:path';
import { pfAnchorLines, pfRuleset } from '../firewall/index.ts';
import { ROOT, type DirectoryStep, type FileStep, type Owner, type Plan, type Step } from '../install/plan.ts';
import type { Sources } from '../install/sources.ts';
import { OLLAMA_ENVIRONMENT } from '../services/ollama.ts';
import { accountCommands, MAC_ACCOUNTS, type MacAccount } from './accounts.ts';
import { renderJob, type Job } from './launchd.ts';
import { executorRules, renderProfile } from './seatbelt.ts';

/** Real paths: /var is a link on macOS, and rules about links match nothing. */
export const MAC_PLACES = {
  code: '/usr/local/lib/hardshell',
  settings: '/usr/local/etc/hardshell',
  state: '/private/var/hardshell',
  home: '/private/var/hardshell/home',
  run: '/private/var/run/hardshell',
  logs: '/private/var/log/hardshell',
  models: '/private/var/hardshell-models',
  /** A stop makes it; while it is there launchd starts nothing of ours. */
  stopped: '/private/var/hardshell/stopped',
} as const;

export interface MacosOptions {
  readonly sources: Sources;
  /** Name servers that the egress process may ask. */
  readonly resolvers: readonly string[];
  readonly ollama: boolean;
  readonly models: readonly string[];
}

/** The plan for macOS: made and checked on Linux, and never yet run on a Mac. */
export function planMacos({ sources, resolvers, ollama, models }: MacosOptions): Plan {
  const steps = [
    ...Object.values(MAC_ACCOUNTS).flatMap((account) => accountCommands(account)),
    ...codeSteps(sources),
    ...placeSteps(),
    file(
      `${MAC_PLACES.settings}/executor.sb`,
      0o644,
      renderProfile(
        executorRules({ code: `${MAC_PLACES.code}/${sources.digest}`, home: MAC_PLACES.home, run: MAC_PLACES.run }),
      ),
      'sandbox of the executor: what is not listed is denied',
    ),
    ...anchorSteps(resolvers),
    ...jobSteps('dev.hardshell.supervisor', supervisorJob(sources)),
    ...(ollama ? ollamaSteps(models, sources) : []),
  ];
  return {
    system: 'macos',
    version: `${sources.version}-${sources.digest}`,
    steps,
    notes: [
      'this plan is made and checked on Linux; it was never run on a Mac, and the supervisor of this version refuses one',
      'the Node and the packed files shown are those of this machine; on a Mac its own are taken',
    ],
  };
}

function codeSteps({ digest, files }: Sources): Step[] {
  const base = join(MAC_PLACES.code, digest);
  return [
    directory(MAC_PLACES.code, 0o755, 'code that everybody may read and only root may write'),
    directory(base, 0o755, 'this version, named by its digest'),
    ...files.map(({ path, from, sha256, bytes, mode }): FileStep => ({
      kind: 'file',
      id: `file:${join(base, path)}`,
      what: 'Node, packed programs and what they start with',
      path: join(base, path),
      mode,
      owner: ROOT,
      content: { kind: 'copy', from, sha256, bytes },
    })),
  ];
}

function placeSteps(): Step[] {
  const executor = ownerOf(MAC_ACCOUNTS.executor);
  return [
    directory(MAC_PLACES.settings, 0o755, 'what root decides'),
    { ...directory(MAC_PLACES.state, 0o700, 'home of the service account', executor), holds: 'data' },
    directory(MAC_PLACES.logs, 0o755, 'output of jobs'),
    file(
      '/etc/newsyslog.d/hardshell.conf',
      0o644,
      `# logfile owner:group mode count size(KiB) when flags\n${MAC_PLACES.logs}/*.log ${MAC_ACCOUNTS.executor.name}:${MAC_ACCOUNTS.executor.name} 600 5 10240 * GJ\n`,
      'five logs of 10 MB at most',
    ),
  ];
}

/** A ruleset of our own that calls ours first and then the system's: the file of the system is not touched. */
function anchorSteps(resolvers: readonly string[]): Step[] {
  const path = '/etc/pf.anchors/hardshell';
  const main = `${MAC_PLACES.settings}/pf.conf`;
  const uids = Object.entries(MAC_ACCOUNTS).filter(([role]) => role !== 'egress');
  const rules = pfRuleset({
    zoneUids: uids.map(([, { id }]) => ({ from: id, to: id })),
    egressUid: MAC_ACCOUNTS.egress.id,
    resolvers,
    relay: null,
  });
  const translation = ['scrub-anchor', 'nat-anchor', 'rdr-anchor', 'dummynet-anchor'].map(
    (word) => `${word} "com.apple/*"`,
  );
  const others = ['anchor "com.apple/*"', 'load anchor "com.apple" from "/etc/pf.anchors/com.apple"'];
  return [
    file(path, 0o644, rules, 'rules: every account of ours is mute but the one way out'),
    file(main, 0o644, [...translation, ...pfAnchorLines(path), ...others, ''].join('\n'), 'calls them first'),
    ...jobSteps('dev.hardshell.firewall', {
      label: 'dev.hardshell.firewall',
      program: ['/sbin/pfctl', '-E', '-f', main],
      ...{ user: 'root', group: 'wheel', environment: {}, log: `${MAC_PLACES.logs}/firewall.log` },
      when: { kind: 'once' },
    }),
  ];
}

/** /var/run is empty after a boot: the supervisor makes its directory itself, so it runs as root. */
function supervisorJob({ digest }: Sources): Job {
  const base = join(MAC_PLACES.code, digest);
  return {
    label: 'dev.hardshell.supervisor',
    program: [`${base}/bin/node`, '--disable-warning=ExperimentalWarning', `${base}/dist/supervisor/main.mjs`],
    user: 'root',
    group: 'wheel',
    environment: { HARDSHELL_DEPLOYMENT: 'installed', HARDSHELL_HOME: MAC_PLACES.home },
    log: `${MAC_PLACES.logs}/supervisor.log`,
    when: { kind: 'kept', flag: MAC_PLACES.stopped },
  };
}

function ollamaSteps(models: readonly string[], { digest }: Sources): Step[] {
  const base = join(MAC_PLACES.code, digest);
  const care = [`${base}/bin/node`, `${base}/dist/model-care/main.mjs`];
  const common = { user: MAC_ACCOUNTS.model.name, group: MAC_ACCOUNTS.model.name, environment: {} };
  const log = (name: string): string => `${MAC_PLACES.logs}/${name}.log`;
  return [
    {
      ...directory(MAC_PLACES.models, 0o700, 'models of the local server', ownerOf(MAC_ACCOUNTS.model)),
      holds: 'data',
    },
    ...jobSteps('dev.hardshell.ollama', {
      ...common,
      label: 'dev.hardshell.ollama',
      program: ['/usr/local/bin/ollama', 'serve'],
      environment: { ...OLLAMA_ENVIRONMENT, HOME: MAC_PLACES.models },
      log: log('ollama'),
      when: { kind: 'kept', flag: MAC_PLACES.stopped },
    }),
    ...jobSteps('dev.hardshell.preload', {
      ...common,
      label: 'dev.hardshell.preload',
      program: [...care, 'preload', ...models],
      log: log('preload'),
      when: { kind: 'once' },
    }),
    ...jobSteps('dev.hardshell.health', {
      ...common,
      label: 'dev.hardshell.health',
      program: [...care, 'health', ...models],
      log: log('health'),
      when: { kind: 'every', seconds: 60 },
    }),
  ];
}

function jobSteps(label: string, job: Job): Step[] {
  const path = `/Library/LaunchDaemons/${label}.plist`;
  const plist = renderJob(job);
  return [
    file(path, 0o644, plist, 'a job of launchd'),
    command(`launchd:${label}`, 'runs now and after a boot', ['/bin/launchctl', 'bootstrap', 'system', path], {
      check: ['/bin/launchctl', 'print', `system/${label}`],
      identity: plist,
      undo: ['/bin/launchctl', 'bootout', `system/${label}`],
    }),
  ];
}

function command(
  id: string,
  what: string,
  argv: readonly string[],
  rest: { check: readonly string[]; identity: string; undo: readonly string[] },
): Step {
  return { kind: 'command', id: `command:${id}`, what, argv, ...rest };
}

function file(path: string, mode: number, content: string, what: string): FileStep {
  return { kind: 'file', id: `file:${path}`, what, path, mode, owner: ROOT, content: { kind: 'text', text: content } };
}

function directory(path: string, mode: number, what: string, owner: Owner = ROOT): DirectoryStep {
  return { kind: 'directory', id: `directory:${path}`, what, path, mode, owner, holds: 'ours' };
}

function ownerOf({ id }: MacAccount): Owner {
  return { uid: id, gid: id };
}
