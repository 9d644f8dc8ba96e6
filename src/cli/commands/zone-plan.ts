import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { collectGuestFiles, planMachines, planRemoval, printPlan, type PlanStep } from '../../isolation/index.ts';
import type { Context } from '../context.ts';
import { Failure, wrongUse } from '../failure.ts';

export interface ZonePlanOptions {
  readonly driver: string | undefined;
  /** The plan that takes the machines away again. */
  readonly removal: boolean;
  /** Node for Linux of the Mac's processor; undefined: the one that this checkout pins. */
  readonly node: string | undefined;
  readonly checkout: string;
}

const GUEST_PROGRAMS = ['planner', 'reader', 'probe'];

/** `hardshell zone plan --driver orbstack`: every command that would be given, none of them run. */
export async function zonePlan(options: ZonePlanOptions, context: Context): Promise<number> {
  if (options.driver !== 'orbstack')
    throw wrongUse('say which driver: only `--driver orbstack` makes machines, so only it has a plan');
  const steps = options.removal ? planRemoval() : planMachines((await filesOf(options)).files);
  if (context.json) context.io.write(JSON.stringify(steps.map(toJson)));
  else for (const line of printPlan(steps)) context.io.write(line);
  return 0;
}

async function filesOf({ node, checkout }: ZonePlanOptions): ReturnType<typeof collectGuestFiles> {
  const found = node ?? pinnedNode(checkout);
  if (!existsSync(found)) throw new Failure(`there is no \`${found}\`; name a Node for Linux with \`--node FILE\``);
  return collectGuestFiles({ node: found, dist: join(checkout, 'dist'), programs: GUEST_PROGRAMS });
}

/** Machines of OrbStack have the processor of their Mac. */
function pinnedNode(checkout: string): string {
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  return join(checkout, 'node_modules', `node-linux-${arch}`, 'bin', 'node');
}

function toJson({ machine, why, command, expects }: PlanStep): Record<string, unknown> {
  return { machine, why, orb: command.arguments, input: command.input, expects };
}
