import { dirname, join } from 'node:path';
import { ACCOUNTS, INSTALLED, type Account } from '../../contracts/index.ts';
import { checkPlan, nftRuleset } from '../firewall/index.ts';
import { planFirewall } from '../services/firewall.ts';
import { FIREWALL_FILE, renderUnit, UNIT_FOLDER, type UnitOptions } from '../services/systemd.ts';
import { accountsOf, PROCESSES, unitName, type ProcessSpec } from '../services/table.ts';
import type { Choices } from './journal.ts';
import { ollamaSteps } from './ollama-steps.ts';
import { ROOT, type FileStep, type Owner, type Plan, type Step } from './plan.ts';
import type { Sources } from './sources.ts';
import { directory, enabled, shared, text } from './step-makers.ts';

export interface LinuxOptions {
  readonly sources: Sources;
  readonly choices: Choices;
  /** Name servers that the egress process may ask. */
  readonly resolvers: readonly string[];
  readonly nft: string;
  /** Models to keep loaded; only with the tuning of Ollama. */
  readonly models: readonly string[];
  readonly processes?: readonly ProcessSpec[];
}

const CURRENT = `${INSTALLED.code}/current`;

/** Everything that an installation on Linux is. The order is that of making; taking back goes the other way. */
export function planLinux(options: LinuxOptions): Plan {
  const { sources, choices } = options;
  const processes = options.processes ?? PROCESSES;
  const accounts = choices.oneAccount ? [ACCOUNTS.executor] : accountsOf(processes);
  const steps = [
    ...accounts.flatMap(accountSteps),
    ...codeSteps(sources),
    ...placeSteps(choices),
    ...firewallSteps(options, processes),
    ...unitSteps(processes, { current: CURRENT, oneAccount: choices.oneAccount, nft: options.nft }),
    ...(choices.ollama ? ollamaSteps(options.models, CURRENT) : []),
  ];
  return {
    system: 'linux',
    version: `${sources.version}-${sources.digest}`,
    steps: onlyOnce(steps),
    notes: notesOf(choices),
  };
}

/** Several units need the same folder of the system. */
function onlyOnce(steps: readonly Step[]): Step[] {
  return steps.filter(({ id }, at) => steps.findIndex((step) => step.id === id) === at);
}

function accountSteps(account: Account): Step[] {
  const { name, uid } = account;
  const home = uid === ACCOUNTS.executor.uid ? INSTALLED.state : '/nonexistent';
  return [
    { kind: 'group', id: `group:${name}`, what: 'a group of its own, without members', name, gid: uid },
    {
      kind: 'user',
      id: `user:${name}`,
      what: 'a service account: no password, no shell, no other group',
      ...{ name, uid, gid: uid, home, comment: `Hardshell ${name}` },
    },
  ];
}

function codeSteps({ digest, files }: Sources): Step[] {
  const base = join(INSTALLED.code, digest);
  const folders = new Set(files.flatMap(({ path }) => foldersAbove(path)).map((folder) => join(base, folder)));
  return [
    directory(INSTALLED.code, 0o755, 'code that zones may read and only root may write'),
    directory(base, 0o755, 'this version, named by its digest'),
    ...[...folders].sort().map((path) => directory(path, 0o755, 'part of it')),
    ...files.map(({ path, from, sha256, bytes, mode }): FileStep => ({
      kind: 'file',
      id: `file:${join(base, path)}`,
      what: 'Node, packed programs and what they start with',
      path: join(base, path),
      mode,
      owner: ROOT,
      content: { kind: 'copy', from, sha256, bytes },
    })),
    text(join(base, 'bin', 'hardshell'), 0o755, LAUNCHER, 'the command, for the Node of this version'),
    { kind: 'link', id: 'link:current', what: 'the version that runs', path: CURRENT, to: digest },
    {
      kind: 'link',
      id: 'link:command',
      what: 'the command for everybody',
      path: '/usr/local/bin/hardshell',
      to: `${CURRENT}/bin/hardshell`,
    },
  ];
}

/** Root works on the installed instance; anybody else has one of their own in their home. */
const LAUNCHER = `#!/bin/sh
# Written by \`hardshell install\`.
HARDSHELL_DEPLOYMENT=installed
export HARDSHELL_DEPLOYMENT
unset NODE_OPTIONS NODE_PATH
exec ${CURRENT}/bin/node --disable-warning=ExperimentalWarning ${CURRENT}/dist/cli/main.mjs "$@"
`;

function foldersAbove(path: string): string[] {
  const folder = dirname(path);
  return folder === '.' ? [] : [...foldersAbove(folder), folder];
}

function placeSteps({ oneAccount }: Choices): Step[] {
  const executor = ownerOf(ACCOUNTS.executor);
  const ownerOfFolder = (role: 'connector-maildir' | 'connector-chats'): ReturnType<typeof ownerOf> =>
    oneAccount ? executor : ownerOf(ACCOUNTS[role]);
  const run = oneAccount ? executor : ROOT;
  const runMode = oneAccount ? 0o700 : 0o711;
  const name = oneAccount ? ACCOUNTS.executor.name : 'root';
  return [
    { ...directory(INSTALLED.state, 0o700, 'home of the service account', executor), holds: 'data' },
    {
      ...directory(INSTALLED.mail, 0o700, 'mail, which the executor cannot enter', ownerOfFolder('connector-maildir')),
      holds: 'data',
    },
    {
      ...directory(INSTALLED.chats, 0o700, 'chats, which the executor cannot enter', ownerOfFolder('connector-chats')),
      holds: 'data',
    },
    directory(INSTALLED.settings, 0o700, 'what root decides: firewall, environment'),
    shared('/etc/tmpfiles.d'),
    text(
      '/etc/tmpfiles.d/hardshell.conf',
      0o644,
      `# Written by \`hardshell install\`: the directory of sockets, made at every boot.\nd ${INSTALLED.run} 0${runMode.toString(8)} ${name} ${name} -\n`,
      'sockets after a boot',
    ),
    { ...directory(INSTALLED.run, runMode, 'sockets, one directory a zone', run), holds: 'runtime' },
  ];
}

function firewallSteps({ choices, resolvers, nft }: LinuxOptions, processes: readonly ProcessSpec[]): Step[] {
  const { oneAccount } = choices;
  const rules = nftRuleset(checkPlan(planFirewall({ processes, resolvers, oneAccount })));
  return [
    text(FIREWALL_FILE, 0o600, rules, 'rules: every account of ours is mute but the one way out'),
    {
      kind: 'command',
      id: 'command:firewall',
      what: 'the rules are in force',
      argv: [nft, '-f', FIREWALL_FILE],
      check: [nft, 'list', 'table', 'inet', 'hardshell'],
      identity: rules,
      undo: [nft, 'add table inet hardshell; delete table inet hardshell'],
    },
  ];
}

function unitSteps(processes: readonly ProcessSpec[], options: UnitOptions): Step[] {
  const units = processes.filter(({ place }) => place.kind === 'unit');
  return [
    ...[dirname(UNIT_FOLDER), UNIT_FOLDER].map(shared),
    ...units.flatMap((process) => enabled(unitName(process), renderUnit(process, options), process.what)),
  ];
}

function ownerOf({ uid }: Account): Owner {
  return { uid, gid: uid };
}

function notesOf({ oneAccount }: Choices): string[] {
  return [
    'first thing after the start: `sudo hardshell approvals enrol`; until then nothing can be approved',
    ...(oneAccount ? ['one account for everything: zones share its uid (isolation mode U)'] : []),
  ];
}
