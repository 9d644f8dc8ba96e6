import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSideLog, hasSideLog, openSideLog } from '../../audit/index.ts';
import { pullKillSwitch, readEpochs, simulateKillSwitch, type KillReport } from '../../control/index.ts';
import { readArmed, type InstancePaths } from '../../state/index.ts';
import { findRemaining, latchOf, leversOf, removeGroups } from './kill-levers.ts';
import { pathsOf, type CommandIo } from './supervisor-client.ts';

export interface KillCommand {
  readonly simulate: boolean;
  readonly json: boolean;
}

/**
 * `hardshell kill`: voids the right to run and stops everything by every lever at once, with the executor and the
 * supervisor alive, hung or absent. 0 when nothing is left running, 1 otherwise. `up` is refused until `revive`.
 */
export async function kill(command: KillCommand, io: CommandIo): Promise<number> {
  const paths = pathsOf(io.env);
  if (!existsSync(paths.home)) {
    // Nothing may be made here: a home that a stop began would never be a first start.
    io.out(
      command.json
        ? JSON.stringify({ simulated: command.simulate, running: 0, remaining: 0 })
        : `there is no instance in \`${paths.home}\``,
    );
    return 0;
  }
  const audit = join(paths.home, 'audit');
  const armed = readArmed(paths.home);
  const epoch = armed.kind === 'armed' ? armed.epoch : readEpochs(audit).seen;
  const options = {
    latch: latchOf(paths),
    levers: leversOf(paths),
    remaining: () => findRemaining(paths).length,
    record: (stopped: number) => record(paths, { epoch, stopped, simulated: command.simulate }),
    nowMs: () => performance.now(),
    pause: (ms: number) => sleep(ms),
  };
  const report = command.simulate ? await simulateKillSwitch(options) : await pullKillSwitch(options);
  if (!report.simulated && report.remaining === 0) await removeGroups(paths);
  if (command.json) io.out(JSON.stringify({ ...report, elapsedMs: Math.round(report.elapsedMs) }));
  else for (const line of describe(report)) io.out(line);
  const works = report.simulated ? report.levers.some(({ ok }) => ok) : report.remaining === 0;
  return works ? 0 : 1;
}

function describe(report: KillReport): string[] {
  const levers = report.levers.map(({ name, ok, detail }) => `  ${ok ? 'ok ' : 'NO '} ${name.padEnd(16)} ${detail}`);
  if (report.simulated) {
    return [
      `a stop would end ${report.running} processes now; nothing was changed`,
      'levers, each enough by itself:',
      ...levers,
    ];
  }
  const end =
    report.remaining === 0
      ? `stopped: ${report.running} processes ended, nothing is left running (${Math.round(report.elapsedMs)} ms)`
      : `NOT STOPPED: ${report.remaining} processes are still running; cut the power of this machine`;
  const note = report.recorded ? [] : ['the stop could not be written to audit/stop-audit.jsonl'];
  return [end, ...levers, ...note, '`hardshell up` is refused until `hardshell revive`'];
}

async function record(
  paths: InstancePaths,
  stop: { epoch: number; stopped: number; simulated: boolean },
): Promise<void> {
  const dir = join(paths.home, 'audit');
  const options = { name: 'stop-audit', mode: 'none', wallMs: Date.now } as const;
  const opened = hasSideLog(dir, 'stop-audit')
    ? await openSideLog(dir, options)
    : { kind: 'ok' as const, log: await createSideLog(dir, options) };
  if (opened.kind === 'broken') throw new Error(opened.message);
  const details = { epoch: stop.epoch, source: 'command', simulated: stop.simulated, zones: stop.stopped } as const;
  await opened.log.record({ event: 'killed', zone: 'stop', details });
  await opened.log.close();
}
