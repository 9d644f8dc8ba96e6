import { accessSync, constants } from 'node:fs';
import { HardshellError } from '../contracts/index.ts';
import { limitsMissing, openCgroups, type CgroupTree, type ZoneCgroup } from './cgroup.ts';
import { ZONE_NODE, type ZoneView } from './bwrap-args.ts';
import type { Zone, ZoneDriver, ZoneExit, ZoneSpec } from './driver.ts';
import { findWall, stepDownCommand, type Wall } from './find-wall.ts';
import { ancestorsOf, identifyProcess } from './inspect.ts';
import { checkHeld, checkReleased, launchHeld } from './launch.ts';
import type { Runtime } from './runtime.ts';
import { runToEnd } from './run-to-end.ts';
import { buildSeccompFilter } from './seccomp.ts';
import { EXIT_PROBE_FAILED } from './self-probe.ts';
import { stopZone } from './stop-zone.ts';
import { nativeArch, type SyscallArch } from './syscalls.ts';

export interface BubblewrapOptions {
  /** Eight hex digits of the home: names the cgroups and marks the processes of the instance. */
  readonly instance: string;
  /** For each start anew: a copy by digest may replace the checkout's own file while we run. */
  readonly runtime: () => Runtime;
  readonly bwrap?: string;
  /** What `findWall` found; without it namespaces are taken to work. */
  readonly wall?: Wall;
  /** What that wall lacks, in sentences. */
  readonly degraded?: readonly string[];
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
  const wall: Wall = options.wall ?? {
    kind: 'namespaces',
    mode: process.getuid?.() === 0 ? 'F' : 'U',
    proc: true,
  };
  const arch = nativeArch();
  const cgroups = openCgroups(options.instance);
  const zones = new Set<Zone>();
  const make = (spec: ZoneSpec): Promise<Zone> =>
    createZone({ bwrap, wall, arch, cgroups, spec, instance: options.instance, runtime: options.runtime() });
  const limitsHeld = cgroups.controllers.filter((controller) => controller !== 'kill');
  return {
    kind: 'bubblewrap',
    mode: wall.mode,
    ownUids: wall.mode !== 'U',
    limitsHeld,
    degraded: [...(options.degraded ?? []), ...limitsMissing(limitsHeld)],
    cgroupPaths: cgroups.paths,
    probe: async () => {
      const found = await findWall(bwrap);
      return found.ok ? { ok: true, degraded: found.degraded } : found;
    },
    create: async (spec) => {
      const zone = await make(spec);
      zones.add(zone);
      void zone.exited.then(() => zones.delete(zone));
      return zone;
    },
    exec: (spec, limits) => runToEnd(spec, limits, make),
    destroy: async () => {
      await Promise.all([...zones].map((zone) => zone.stop()));
      await cgroups.destroy();
    },
  };
}

interface Creating {
  readonly bwrap: string;
  readonly wall: Wall;
  readonly arch: SyscallArch;
  readonly cgroups: CgroupTree;
  readonly spec: ZoneSpec;
  readonly instance: string;
  readonly runtime: Runtime;
}

async function createZone(creating: Creating): Promise<Zone> {
  const { bwrap, wall, cgroups, spec, instance } = creating;
  const uid = spec.uid ?? process.getuid?.() ?? 0;
  const gid = spec.gid ?? process.getgid?.() ?? 0;
  const startedAtMs = Date.now();
  const group = cgroups.create(spec.name, spec.limits);
  group.prepare();
  const held = await launchHeld({
    bwrap,
    spec,
    view: viewOf(creating, uid, gid),
    filter: filterOf(creating),
    marker: instance,
    ...(wall.kind === 'root' ? { before: stepDownCommand(wall.stepDown, uid, gid) } : {}),
  }).catch(async (error: unknown) => {
    await group.remove();
    throw error;
  });
  const pids = [...ancestorsOf(held.initPid, held.child.pid ?? 0), held.initPid];
  const processes = pids.map(identifyProcess).filter((id) => id !== undefined);
  const stop = (): Promise<void> => stopZone(group, processes);
  const exited = new Promise<ZoneExit>((resolve) => {
    const end = (code: number | null): void => {
      const exit = classify(code, group);
      void stop()
        .then(() => Promise.all([group.remove(), held.drained]))
        .then(() => resolve(exit));
    };
    if (held.child.exitCode !== null || held.child.signalCode !== null) end(held.child.exitCode);
    else held.child.once('exit', end);
  });
  try {
    if (processes.length !== pids.length)
      throw new HardshellError('isolation_failed', `\`${spec.name}\` ended while it started`, { fate: 'stop' });
    const walled = { spec, userNamespace: wall.kind === 'namespaces' };
    checkHeld(held.initPid, walled);
    // INVARIANT: no instruction of the zone runs outside its limits.
    await group.add(pids);
    held.release();
    if (spec.program.kind === 'node') await checkReleased(held, walled, uid);
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

function viewOf({ wall, spec, runtime }: Creating, uid: number, gid: number): ZoneView {
  const builtin = [{ path: ZONE_NODE, real: runtime.node }, ...runtime.libraries];
  const files = [
    ...(spec.profile === 'builtin' ? builtin : []),
    ...(wall.kind === 'root'
      ? [{ path: wall.stepDown.path, real: wall.stepDown.path }, ...wall.stepDown.libraries]
      : []),
  ];
  const { mounts, env, cwd, network, sharedMemoryBytesMax } = spec;
  return {
    uid,
    gid,
    // Two programs share libraries.
    files: [...new Map(files.map(({ path, real }) => [path, { from: real, to: path }])).values()],
    mounts,
    env,
    cwd,
    network,
    proc: spec.proc && wall.proc,
    userNamespace: wall.kind === 'namespaces',
    isFirst: spec.profile === 'builtin',
    ownTerminal: spec.ownTerminal ?? false,
    ...(sharedMemoryBytesMax === undefined ? {} : { sharedMemoryBytesMax }),
  };
}

function filterOf({ arch, wall, spec }: Creating): Buffer {
  const { sockets, watch, profile } = spec;
  return buildSeccompFilter({ arch, sockets, watch, profile, changeUid: wall.kind === 'root' });
}

function classify(code: number | null, group: ZoneCgroup): ZoneExit {
  if (code === EXIT_TAMPERED) return { kind: 'tampered' };
  if (code === EXIT_PROBE_FAILED) return { kind: 'probe_failed' };
  if (code === null || code === EXIT_KILLED) return { kind: 'killed', outOfMemory: group.oomKilled() };
  return { kind: 'exited', code };
}
