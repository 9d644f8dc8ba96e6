import {
  describeEntry,
  planUninstall,
  requireRoot,
  requireStopped,
  THIS_MACHINE,
  uninstall,
  type InstallEvent,
} from '../../host/index.ts';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { openTarget, tellEvent } from './install.ts';

export interface UninstallCommand {
  readonly dryRun: boolean;
  readonly root: string;
  readonly keepHome: boolean;
  readonly yes: boolean;
}

/** `hardshell uninstall`: 0 when nothing of ours is left but what was asked to stay. Needs a yes to delete an instance. */
export async function uninstallCommand(command: UninstallCommand, context: Context): Promise<number> {
  const { io, json } = context;
  requireRoot('uninstalling');
  const target = openTarget(command.root);
  const entries = planUninstall(target);
  if (command.dryRun) {
    const lines = entries.map((entry) => describeEntry(entry, command.keepHome));
    if (json) io.write(JSON.stringify({ steps: entries, lines }));
    else for (const line of lines.length === 0 ? ['nothing is installed'] : lines) io.write(line);
    return 0;
  }
  if (entries.length > 0 && !command.keepHome) await requireYes(command, context);
  requireStopped(target, target.live && THIS_MACHINE.systemdRuns());
  const tell = (event: InstallEvent): void => tellEvent(event, context);
  const { removed, kept } = uninstall({ target, ports: THIS_MACHINE, keepHome: command.keepHome, tell });
  if (json) io.write(JSON.stringify({ event: 'done', removed, kept }));
  else {
    io.write(removed === 0 && entries.length === 0 ? 'nothing is installed' : `${removed} steps taken back`);
    for (const path of kept) io.write(`stays: ${path}`);
  }
  return 0;
}

async function requireYes({ yes }: UninstallCommand, { prompt }: Context): Promise<void> {
  if (yes) return;
  const hint = 'nothing was changed; `--keep-home` leaves the instance, `--yes` deletes it';
  if (!prompt.interactive)
    throw new Failure(`this deletes the instance, its keys and its mail; ${hint}`, { code: 'yes_needed' });
  if (!(await prompt.yes('delete the instance, its keys, its log and its mail too?')))
    throw new Failure(hint, { code: 'yes_needed' });
}
