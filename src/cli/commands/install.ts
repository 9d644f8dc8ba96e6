import { readFileSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { resolversIn } from '../../contracts/index.ts';
import {
  apply,
  findSources,
  openJournal,
  planLinux,
  planMacos,
  planToJson,
  printPlan,
  requireReady,
  targetAt,
  THIS_MACHINE,
  USUAL_CHOICES,
  type Applied,
  type Choices,
  type InstallEvent,
  type Plan,
  type Target,
} from '../../host/index.ts';
import type { Context } from '../context.ts';
import { Failure, wrongUse } from '../failure.ts';

export interface InstallCommand {
  readonly dryRun: boolean;
  readonly root: string;
  readonly system: string;
  /** Undefined: as it was at the last installation. */
  readonly ollama: boolean | undefined;
  readonly oneAccount: boolean | undefined;
  readonly models: string | undefined;
  /** Undefined: those of the system. */
  readonly resolvers: string | undefined;
}

/** Where what is to be installed comes from. */
export interface InstallFrom {
  readonly checkout: string;
  readonly node: string;
}

const NFT = '/usr/sbin/nft';
const USUAL_MODELS = 'qwen3:1.7b,qwen3:8b';

/** `hardshell install`: 0 when everything stands (also when nothing had to be done), 1 when it was refused or failed. */
export async function install(command: InstallCommand, from: InstallFrom, context: Context): Promise<number> {
  const target = openTarget(command.root);
  const models = (command.models ?? USUAL_MODELS).split(',').filter(Boolean);
  const sources = findSources(from.checkout, from.node);
  const resolvers = command.resolvers?.split(',').filter(Boolean) ?? readResolvers(target);
  if (command.system === 'macos') {
    if (!command.dryRun)
      throw new Failure('a plan for macOS was never run on a Mac: look at it with `--dry-run`', { code: 'not_built' });
    show(planMacos({ sources, resolvers, ollama: command.ollama === true, models }), context);
    return 0;
  }
  if (command.system !== 'linux') throw wrongUse('`--system` is `linux` or `macos`');
  const choices = chooseOnce(command, target);
  const plan = planLinux({ sources, choices, models, nft: NFT, resolvers });
  if (command.dryRun) {
    show(plan, context);
    return 0;
  }
  requireReady({ target, choices, digest: sources.digest, nft: NFT });
  const tell = (event: InstallEvent): void => tellEvent(event, context);
  const applied = apply({ plan, choices, target, ports: THIS_MACHINE, tell });
  finish(applied, plan, context, { target, hasSystemd: target.live && THIS_MACHINE.systemdRuns() });
  return 0;
}

/** The folder, with links above it resolved: what is made below it may follow none. */
export function openTarget(root: string): Target {
  try {
    return targetAt(realpathSync(resolve(root)));
  } catch (cause) {
    throw new Failure(`\`${root}\` does not exist; give the folder that holds the system`, { cause });
  }
}

/** One line a step for people, one object a step for programs. */
export function tellEvent(event: InstallEvent, { io, json }: Context): void {
  if (json) return io.write(JSON.stringify(event));
  if (event.event === 'told') return io.error(`hardshell: ${event.text}`);
  io.write(
    `[${String(event.n).padStart(String(event.of).length)}/${event.of}] ${event.outcome.padEnd(9)} ${event.text}`,
  );
}

/** The name servers that the system asks; an image has none yet. */
function readResolvers(target: Target): string[] {
  try {
    return resolversIn(readFileSync(join(target.root, 'etc/resolv.conf'), 'utf8'));
  } catch {
    return [];
  }
}

/** What was chosen at the last installation holds until something else is said. */
function chooseOnce(command: InstallCommand, target: Target): Choices {
  const before = readChoices(target);
  return { ollama: command.ollama ?? before.ollama, oneAccount: command.oneAccount ?? before.oneAccount };
}

function readChoices(target: Target): Choices {
  // Only root can read the journal; a dry run of anybody else shows the usual plan.
  return process.getuid?.() === 0 ? (openJournal(target)?.choices ?? USUAL_CHOICES) : USUAL_CHOICES;
}

function show(plan: Plan, { io, json }: Context): void {
  if (json) io.write(JSON.stringify(planToJson(plan)));
  else for (const line of printPlan(plan)) io.write(line);
}

function finish(
  { made, unchanged, left }: Applied,
  plan: Plan,
  { io, json }: Context,
  { target, hasSystemd }: { target: Target; hasSystemd: boolean },
): void {
  const byHand = [...left, ...(target.live && !hasSystemd ? WITHOUT_SYSTEMD : [])];
  if (json) {
    io.write(JSON.stringify({ event: 'done', made, unchanged, by_hand: byHand, notes: plan.notes }));
    return;
  }
  io.write(
    made === 0
      ? `nothing had to be changed (${unchanged} steps as they should be)`
      : `${made} made, ${unchanged} as they were`,
  );
  for (const hint of byHand) io.write(`left to you: ${hint}`);
  for (const note of plan.notes) io.write(`note: ${note}`);
}

/** systemd is not running: what its units would have done. */
const WITHOUT_SYSTEMD = [
  'no service manager runs here; after a boot with systemd the units start by themselves',
  'until then start it by hand: HARDSHELL_DEPLOYMENT=installed HARDSHELL_HOME=/var/lib/hardshell/home /usr/lib/hardshell/current/bin/node /usr/lib/hardshell/current/dist/supervisor/main.mjs',
];
