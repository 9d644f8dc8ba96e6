import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { HardshellError } from '../contracts/index.ts';
import { openCgroups, type CgroupTree, type ZoneCgroup } from './cgroup.ts';
import type { ProbeResult, Zone, ZoneDriver, ZoneExit, ZoneSpec } from './driver.ts';
import { explainBubblewrapError } from './explain.ts';
import { identifyProcess, isRunning, killProcess, type ProcessId } from './inspect.ts';
import { checkHeld, checkReleased, launchHeld } from './launch.ts';
import type { Runtime } from './runtime.ts';
import { buildSeccompFilter } from './seccomp.ts';
import { EXIT_PROBE_FAILED } from './self-probe.ts';
import type { SyscallArch } from './syscalls.ts';

export interface BubblewrapOptions {
  /** Eight hex digits of the home: names the cgroups and marks the processes of the instance. */
  readonly instance: string;
  /** For each start anew: a copy by digest may replace the checkout's own file while we run. */
  readonly runtime: () => Runtime;
  readonly bwrap?: string;
}

/** Exit code of bubblewrap when the kernel ended the zone for a forbidden call: 128 + SIGSYS. */
const EXIT_TAMPERED = 159;
const EXIT_KILLED = 137;
const PLACES = ['/usr/bin/bwrap', '/bin/bwrap', '/usr/local/bin/bwrap'];

/** The installed bubblewrap, or undefined. PATH is not asked: whoever starts us may have written it. */
export function findBubblewrap(): string | undefined {
  return PLACES.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The marker in the environment of every bubblewrap of an instance. */
export function zoneMarker(instance: string): string {
  return `HARDSHELL_ZONE_OF=${instance}`;
}

export function createBubblewrapDriver(options: BubblewrapOptions): ZoneDriver {
  const bwrap = options.bwrap ?? findBubblewrap();
  if (bwrap === undefined) {
    throw new HardshellError(
      'isolation_failed',
      'bubblewrap is not installed; ask an administrator to install the package `bubblewrap`',
      { fate: 'refuse' },
    );
  }
  const arch = nativeArch();
  const cgroups = openCgroups(options.instance);
  const zones = new Set<Zone>();
  const limitsHeld = cgroups.controllers.filter((controller) => controller !== 'kill');
  const missing = (['memory', 'pids', 'cpu'] as const).filter((controller) => !limitsHeld.includes(controller));
  return {
    kind: 'bubblewrap',
    mode: process.getuid?.() === 0 ? 'F' : 'U',
    limitsHeld,
    degraded: missing.map((controller) => `no cgroup holds the ${controller} limit of a zone`),
    cgroupPaths: cgroups.paths,
    probe: (as) => probeBubblewrap(bwrap, as),
    create: async (spec) => {
      const zone = await createZone({
        bwrap,
        arch,
        cgroups,
        spec,
        instance: options.instance,
        runtime: options.runtime(),
      });
      zones.add(zone);
      void zone.exited.then(() => zones.delete(zone));
      return zone;
    },
    destroy: async () => {
      await Promise.all([...zones].map((zone) => zone.stop()));
      await cgroups.destroy();
    },
  };
}

interface Creating {
  readonly bwrap: string;
  readonly arch: SyscallArch;
  readonly cgroups: CgroupTree;
  readonly spec: ZoneSpec;
  readonly instance: string;
  readonly runtime: Runtime;
}

async function createZone({ bwrap, arch, cgroups, spec, instance, runtime }: Creating): Promise<Zone> {
  const uid = spec.uid ?? process.getuid?.() ?? 0;
  const gid = spec.gid ?? process.getgid?.() ?? 0;
  const view = { ...runtime, uid, gid, mounts: spec.mounts, env: spec.env, cwd: spec.cwd, proc: spec.proc };
  const filter = buildSeccompFilter({ arch, sockets: spec.sockets, watch: spec.watch });
  const startedAtMs = Date.now();
  const group = cgroups.create(spec.name, spec.limits);
  group.prepare();
  const held = await launchHeld({ bwrap, spec, view, filter, marker: instance }).catch(async (error: unknown) => {
    await group.remove();
    throw error;
  });
  const pids = [held.child.pid, held.initPid].filter((pid) => pid !== undefined);
  const processes = pids.map(identifyProcess).filter((id) => id !== undefined);
  const stop = (): Promise<void> => stopZone(group, processes);
  const exited = new Promise<ZoneExit>((resolve) => {
    const end = (code: number | null): void => {
      const exit = classify(code, group);
      void stop()
        .then(() => group.remove())
        .then(() => resolve(exit));
    };
    if (held.child.exitCode !== null || held.child.signalCode !== null) end(held.child.exitCode);
    else held.child.once('exit', end);
  });
  try {
    if (processes.length !== 2)
      throw new HardshellError('isolation_failed', `\`${spec.name}\` ended while it started`, { fate: 'stop' });
    checkHeld(held.initPid, spec.name);
    // INVARIANT: no instruction of the zone runs outside its limits.
    await group.add(pids);
    held.release();
    await checkReleased(held, spec.name, uid);
  } catch (error) {
    await stop();
    await exited;
    throw error;
  }
  return {
    name: spec.name,
    processes,
    cgroupPaths: group.paths,
    startedAtMs,
    exited,
    stop: async () => {
      await stop();
      await exited;
    },
  };
}

const GRACE_MS = 50;

/**
 * The first process inside goes first: its end is the end of its whole process namespace, whatever runs in it. What
 * is not gone at once is killed by group and by number, until it is.
 */
async function stopZone(group: ZoneCgroup, processes: readonly ProcessId[]): Promise<void> {
  const [, init] = processes;
  group.lift();
  if (init !== undefined) killProcess(init);
  const graceEnds = performance.now() + GRACE_MS;
  for (let waitMs = 1; processes.some(isRunning); waitMs = Math.min(waitMs + 1, 10)) {
    if (performance.now() > graceEnds) {
      group.kill();
      for (const process of processes) killProcess(process);
    }
    await sleep(waitMs);
  }
}

function classify(code: number | null, group: ZoneCgroup): ZoneExit {
  if (code === EXIT_TAMPERED) return { kind: 'tampered' };
  if (code === EXIT_PROBE_FAILED) return { kind: 'probe_failed' };
  if (code === null || code === EXIT_KILLED) return { kind: 'killed', outOfMemory: group.oomKilled() };
  return { kind: 'exited', code };
}

function nativeArch(): SyscallArch {
  if (process.arch === 'x64') return 'x86_64';
  if (process.arch === 'arm64') return 'aarch64';
  throw new HardshellError('isolation_failed', `no system call table for \`${process.arch}\``, { fate: 'refuse' });
}

function probeBubblewrap(bwrap: string, as: { uid: number; gid: number } | undefined): Promise<ProbeResult> {
  const walls = [
    '--unshare-user',
    '--unshare-net',
    '--unshare-pid',
    '--disable-userns',
    '--ro-bind',
    '/',
    '/',
    '--proc',
    '/proc',
  ];
  return new Promise((resolve) => {
    const options = { env: {}, cwd: '/', timeout: 10_000, ...(as === undefined ? {} : { uid: as.uid, gid: as.gid }) };
    execFile(bwrap, [...walls, '--', bwrap, '--version'], options, (error, _stdout, stderr) => {
      resolve(error === null ? { ok: true, degraded: [] } : { ok: false, ...explainBubblewrapError(stderr) });
    });
  });
}
