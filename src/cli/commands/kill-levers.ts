import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { SUPERVISOR_ANSWERS } from '../../contracts/index.ts';
import type { Lever, LeverResult } from '../../control/index.ts';
import {
  cgroupMembers,
  findByEnvironment,
  findByGroup,
  identifyProcess,
  isRunning,
  killCgroups,
  killProcess,
  removeCgroups,
  zoneMarker,
  type ProcessId,
} from '../../isolation/index.ts';
import { readArmed, voidArmed, type InstancePaths } from '../../state/index.ts';
import { askStatus, reachSupervisor } from './supervisor-client.ts';

/** What the supervisor wrote down for us. It may be damaged or gone: then processes are found by their mark. */
const processSchema = z.object({ pid: z.number().int().positive(), startedAt: z.string() });
const recordSchema = z.object({
  supervisor: processSchema.optional(),
  cgroups: z.array(z.string()),
  zones: z.array(z.object({ processes: z.array(processSchema), cgroups: z.array(z.string()) })),
});
type ZonesRecord = z.infer<typeof recordSchema>;
const EMPTY: ZonesRecord = { cgroups: [], zones: [] };
const ANSWER_MS_MAX = 400;

export function latchOf({ home }: InstancePaths): Lever {
  return {
    name: 'armed record',
    pull: async () => {
      const { ok, how } = voidArmed(home);
      return { ok, detail: ok ? `void (${how.replace('_', ' ')})` : 'could not be voided' };
    },
    test: async () => {
      const state = readArmed(home);
      return {
        ok: true,
        detail:
          state.kind === 'armed' ? `armed, epoch ${state.epoch}` : `void already (${state.reason.replace('_', ' ')})`,
      };
    },
  };
}

/** Each stops the instance without the others. */
export function leversOf(paths: InstancePaths): Lever[] {
  return [supervisorLever(paths), groupLever(paths), processLever(paths)];
}

/** Processes of the instance, by record, by group and by mark. */
export function findRemaining(paths: InstancePaths): ProcessId[] {
  const record = readRecord(paths);
  const found = new Map<number, ProcessId>();
  const recorded = record.zones.flatMap((zone) => zone.processes);
  const members = cgroupMembers(groupsOf(paths, record)).map(identifyProcess);
  for (const process of [
    ...recorded,
    ...members,
    ...findByEnvironment(zoneMarker(paths.instance)),
    ...findByGroup(`hardshell-${paths.instance}`),
    record.supervisor,
  ]) {
    if (process !== undefined && isRunning(process)) found.set(process.pid, process);
  }
  return [...found.values()];
}

/** The instance's groups, empty once nothing runs. */
export async function removeGroups(paths: InstancePaths): Promise<void> {
  await removeCgroups(groupsOf(paths, readRecord(paths)));
}

function supervisorLever(paths: InstancePaths): Lever {
  const reach = async (act: 'stop_all' | 'status'): Promise<LeverResult> => {
    const client = await reachSupervisor(paths);
    if (client === undefined) return { ok: true, detail: 'no supervisor runs' };
    try {
      if (act === 'status') {
        const status = await askStatus(client, ANSWER_MS_MAX);
        return status === undefined
          ? { ok: false, detail: 'does not answer' }
          : { ok: true, detail: `process ${status.pid} answers` };
      }
      const answer = SUPERVISOR_ANSWERS.stopped.parse(await client.request({ type: 'stop_all' }, ANSWER_MS_MAX));
      return { ok: true, detail: `stopped ${answer.zones} processes` };
    } catch {
      return { ok: false, detail: 'does not answer' };
    } finally {
      client.destroy();
    }
  };
  return { name: 'supervisor', pull: () => reach('stop_all'), test: () => reach('status') };
}

function groupLever(paths: InstancePaths): Lever {
  const groups = (): string[] => groupsOf(paths, readRecord(paths));
  return {
    name: 'cgroups',
    pull: async () => {
      const told = killCgroups(groups());
      return { ok: told, detail: told ? 'every process in them killed' : 'none can be told here' };
    },
    test: async () => {
      const members = cgroupMembers(groups()).length;
      return groups().length === 0
        ? { ok: false, detail: 'none here' }
        : { ok: true, detail: `${members} processes in them` };
    },
  };
}

/** Zones first; then a supervisor that had time to end by itself and did not. */
function processLever(paths: InstancePaths): Lever {
  return {
    name: 'processes',
    pull: async () => {
      const { supervisor } = readRecord(paths);
      const zones = findRemaining(paths).filter(({ pid }) => pid !== supervisor?.pid);
      const killed = zones.filter(killProcess).length;
      for (let waited = 0; waited < ANSWER_MS_MAX && supervisor !== undefined && isRunning(supervisor); waited += 10)
        await sleep(10);
      const hung = supervisor !== undefined && killProcess(supervisor);
      return { ok: true, detail: `${killed} killed directly${hung ? ', and the supervisor, which did not end' : ''}` };
    },
    test: async () => ({ ok: true, detail: `${findRemaining(paths).length} found` }),
  };
}

/** Only groups that carry our name: a damaged record can not make us kill others. */
function groupsOf({ instance }: InstancePaths, record: ZonesRecord): string[] {
  const name = `/hardshell-${instance}`;
  return record.cgroups.filter(
    (path) => path.startsWith('/sys/fs/cgroup/') && path.endsWith(name) && !path.includes('..') && isDirectory(path),
  );
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function readRecord({ zonesRecord }: InstancePaths): ZonesRecord {
  try {
    const parsed = recordSchema.safeParse(JSON.parse(readFileSync(join(zonesRecord), 'utf8')));
    return parsed.success ? parsed.data : EMPTY;
  } catch {
    return EMPTY;
  }
}
