import { ORB, printCommand, type OrbCommand } from './command.ts';
import { GUEST_FIREWALL, GUEST_ROOT, MACHINES, ORBSTACK_MIN, type Machine } from './machines.ts';

/** What the answer to a command must say before the next one is given. */
export type Expectation =
  | { readonly kind: 'success' }
  | { readonly kind: 'version'; readonly min: readonly [number, number, number] }
  /** Isolated, cut off from other machines and the Mac, no SSH agent. */
  | { readonly kind: 'isolated' }
  | { readonly kind: 'digest'; readonly sha256: string }
  | { readonly kind: 'text'; readonly includes: readonly string[] };

export interface PlanStep {
  readonly machine: Machine['name'] | null;
  /** What it is for, in a sentence. */
  readonly why: string;
  readonly command: OrbCommand;
  readonly expects: Expectation;
}

/** A file of ours that goes into each guest. `path` is on the Mac. */
export interface GuestFile {
  readonly path: string;
  readonly sha256: string;
  readonly target: string;
  readonly executable: boolean;
}

const SUCCESS: Expectation = { kind: 'success' };
const RULES = '/etc/nftables.conf';
const DROPS: Expectation = {
  kind: 'text',
  includes: ['table inet hardshell', 'hook input', 'hook output', 'hook forward', 'policy drop'],
};

/** Everything that makes the machines, in order. Pure: a dry run prints it, the driver runs it, tests compare it. */
export function planMachines(files: readonly GuestFile[], machines: readonly Machine[] = MACHINES): PlanStep[] {
  return [
    {
      machine: null,
      why: `OrbStack is ${ORBSTACK_MIN.join('.')} or newer: older ones isolate less`,
      command: ORB.version(),
      expects: { kind: 'version', min: ORBSTACK_MIN },
    },
    ...machines.flatMap((machine) => planMachine(machine, files)),
  ];
}

function planMachine(machine: Machine, files: readonly GuestFile[]): PlanStep[] {
  const step = (why: string, command: OrbCommand, expects: Expectation = SUCCESS): PlanStep => ({
    machine: machine.name,
    why,
    command,
    expects,
  });
  const root = (why: string, command: readonly string[], expects: Expectation = SUCCESS): PlanStep =>
    step(why, ORB.asRoot(machine, command), expects);
  return [
    step('made without the files, the network and the agent of this Mac', ORB.create(machine)),
    step('OrbStack says that it is so', ORB.info(machine), { kind: 'isolated' }),
    root('what packages there are', ['apt-get', 'update']),
    root('the wall and the packet filter', [
      ...['apt-get', 'install', '-y', '--no-install-recommends', 'bubblewrap', 'nftables'],
    ]),
    root('an own user for the zone, without password and shell', [
      ...['useradd', '--system', '--no-create-home', '--shell', '/usr/sbin/nologin'],
      ...['--uid', String(machine.uid), 'zone'],
    ]),
    ...files.flatMap((file) => planFile(machine, file)),
    // Last: from here on the guest reaches nobody, and what comes in comes over the standard input of `orb`.
    step(
      'drop everything but loopback, IPv4 and IPv6, at each boot',
      ORB.asRoot(machine, ['install', '-o', 'root', '-g', 'root', '-m', '0600', '/dev/stdin', RULES], {
        kind: 'text',
        text: GUEST_FIREWALL,
      }),
    ),
    root('the rules are well formed', ['nft', '-c', '-f', RULES]),
    root('they are loaded now and at each boot', ['systemctl', 'enable', '--now', 'nftables.service']),
    step('a reboot, to see whether they stay', ORB.restart(machine)),
    root('they stay', ['nft', 'list', 'ruleset'], DROPS),
    step('it is still isolated', ORB.info(machine), { kind: 'isolated' }),
  ];
}

function planFile(machine: Machine, file: GuestFile): PlanStep[] {
  const target = `${GUEST_ROOT}/${file.target}`;
  const mode = file.executable ? '0555' : '0444';
  return [
    {
      machine: machine.name,
      why: `\`${file.target}\` goes in over standard input`,
      command: ORB.asRoot(machine, ['install', '-D', '-o', 'root', '-g', 'root', '-m', mode, '/dev/stdin', target], {
        kind: 'file',
        path: file.path,
        sha256: file.sha256,
      }),
      expects: SUCCESS,
    },
    {
      machine: machine.name,
      why: 'and is what was sent',
      command: ORB.asRoot(machine, ['sha256sum', '--binary', target]),
      expects: { kind: 'digest', sha256: file.sha256 },
    },
  ];
}

/** Ends and deletes the machines, each by its name. Never a call that would touch a machine of somebody else. */
export function planRemoval(machines: readonly Machine[] = MACHINES): PlanStep[] {
  return machines.flatMap((machine) => [
    { machine: machine.name, why: 'stop this machine', command: ORB.stop(machine), expects: SUCCESS },
    { machine: machine.name, why: 'delete it with all that is in it', command: ORB.delete(machine), expects: SUCCESS },
  ]);
}

/** The plan for a person: a sentence and a command for each step. */
export function printPlan(steps: readonly PlanStep[]): string[] {
  return steps.flatMap(({ why, command }, i) => [
    ...(i === 0 || steps[i - 1]?.machine !== steps[i]?.machine ? ['', `# ${steps[i]?.machine ?? 'this Mac'}`] : []),
    `# ${why}`,
    printCommand(command),
  ]);
}
