import { chownSync, mkdirSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { HardshellError } from '../../contracts/index.ts';
import { limitsMissing, openCgroups, type CgroupTree, type ZoneCgroup } from '../cgroup.ts';
import { ZONE_NODE } from '../bwrap-args.ts';
import type { Zone, ZoneDriver, ZoneExit, ZoneSpec } from '../driver.ts';
import { identifyProcess, readProcessStatus } from '../inspect.ts';
import { wrongStatus } from '../launch.ts';
import { runToEnd } from '../run-to-end.ts';
import type { Runtime } from '../runtime.ts';
import { buildSeccompFilter } from '../seccomp.ts';
import { EXIT_PROBE_FAILED } from '../self-probe.ts';
import { stopZone } from '../stop-zone.ts';
import { nativeArch, type SyscallArch } from '../syscalls.ts';
import { dial } from './dial.ts';
import { makeDirectory, removeDirectory, wallsDirectory } from './directory.ts';
import { hostPath, hostText, mountsHeld, tmpPath, type HostPlaces } from './host-paths.ts';
import { buildLauncher } from './launcher.ts';
import { hasScopes, lacksOf, rulesetAttributes } from './rights.ts';
import { rulesOf } from './rules.ts';
import { startHeld, type HeldLauncher } from './start.ts';
import { findLandlock } from './trial.ts';

export interface LandlockOptions {
  /** Eight hex digits of the home: names the cgroups and marks the processes of the instance. */
  readonly instance: string;
  /** For each start anew. */
  readonly runtime: () => Runtime;
  /** What `findLandlock` found. */
  readonly abi: number;
}

/** What such walls lack, in sentences. */
function lostHere(isRoot: boolean, abi: number): string[] {
  return [
    'zones have no namespaces: what is held is held by Landlock and the filter, and other processes, the host’s name, names of files and their sizes can be asked for',
    'a zone’s /tmp is a directory on disk without a bound',
    'the executor can read and write the whole home: `mail` and `logs` are not hidden from it, `keys` and `supervisor` not read-only',
    'a zone with the owner’s uid may change mode and times of files that it can read',
    isRoot
      ? 'a process that opens sockets of its own (the executor, the model, a planner with a model) reaches every Unix socket of the host that everybody may use'
      : 'the executor reaches every Unix socket of its owner, and planners get no model, which would let them open sockets too',
    ...lacksOf(abi),
  ];
}

/** What whoever wants to run an agent's program behind such a wall is told. */
export const AGENTS_NEED_NAMESPACES =
  'programs that are not Hardshell’s own run behind namespaces only (mode F, R or U), and this machine or container has none';

/** Walls without namespaces: Landlock for files, the filter for everything else (mode L). For built-in zones alone. */
export function createLandlockDriver(options: LandlockOptions): ZoneDriver {
  const arch = nativeArch();
  const isRoot = process.getuid?.() === 0;
  const directory = wallsDirectory(options.instance);
  const cgroups = openCgroups(options.instance);
  const zones = new Set<Zone>();
  const places = (): HostPlaces => ({ node: options.runtime().node, directory });
  const make = (spec: ZoneSpec): Promise<Zone> =>
    createZone({ ...options, arch, isRoot, cgroups, spec, runtime: options.runtime(), places: places() });
  const limitsHeld = cgroups.controllers.filter((controller) => controller !== 'kill');
  return {
    kind: 'landlock',
    mode: 'L',
    ownUids: isRoot,
    limitsHeld,
    degraded: [...lostHere(isRoot, options.abi), ...limitsMissing(limitsHeld)],
    cgroupPaths: cgroups.paths,
    hostView: {
      placeOf: (inside, spec) => hostPath(inside, spec, places()),
      socketsOf,
      scopes: hasScopes(options.abi),
    },
    probe: async () => {
      const found = await findLandlock();
      return found.ok ? { ok: true, degraded: lostHere(isRoot, found.abi) } : found;
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

/** Landlock does not look at connecting to a socket by its path: a zone that needs one socket is handed it. */
function socketsOf({ sockets, bridge }: Pick<ZoneSpec, 'sockets' | 'bridge'>): ZoneSpec['sockets'] {
  return sockets === 'connect' && bridge !== undefined ? 'none' : sockets;
}

interface Creating extends Omit<LandlockOptions, 'runtime'> {
  readonly arch: SyscallArch;
  readonly isRoot: boolean;
  readonly cgroups: CgroupTree;
  readonly spec: ZoneSpec;
  readonly runtime: Runtime;
  readonly places: HostPlaces;
}

async function createZone(creating: Creating): Promise<Zone> {
  const { spec, cgroups, places } = creating;
  requireBuiltin(spec);
  const uid = spec.uid ?? process.getuid?.() ?? 0;
  const startedAtMs = Date.now();
  const own = makeTmp(creating, uid);
  const group = cgroups.create(spec.name, spec.limits);
  const cleanUp = async (): Promise<void> => {
    await group.remove();
    removeOwn(own);
    removeDirectory(places.directory);
  };
  group.prepare();
  let held: HeldLauncher;
  try {
    held = startHeld(startOf(creating, uid));
  } catch (error) {
    await cleanUp();
    throw error;
  }
  const processes = [identifyProcess(held.pid)].filter((id) => id !== undefined);
  const stop = (): Promise<void> => stopZone(group, processes);
  const exited = whenEnded(held, group).then(async (exit) => {
    await stop();
    await Promise.all([cleanUp(), held.drained]);
    return exit;
  });
  try {
    // INVARIANT: no instruction of the zone runs outside its limits.
    await group.add([held.pid]);
    await held.release();
    if (spec.program.kind === 'node') checkReleased(held, spec.name, uid);
  } catch (error) {
    await stop();
    await exited;
    throw error;
  }
  if (held.near !== undefined && spec.bridge !== undefined) dial(held.near, hostPath(spec.bridge, spec, places));
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

/** A program of an agent's starts programs and has a network of its own: without namespaces that is the host's. */
function requireBuiltin({ profile, ownTerminal }: ZoneSpec): void {
  if (profile === 'builtin' && ownTerminal !== true) return;
  throw new HardshellError('isolation_failed', AGENTS_NEED_NAMESPACES, { fate: 'refuse' });
}

/** The zone's own directories; the one that holds them. */
function makeTmp({ spec, places, isRoot }: Creating, uid: number): string {
  makeDirectory(places.directory, isRoot);
  const paths = mountsHeld(spec).flatMap((mount) => (mount.kind === 'tmp' ? [tmpPath(mount.to, spec, places)] : []));
  const own = dirname(tmpPath('/tmp', spec, places));
  removeOwn(own);
  mkdirSync(own, { mode: 0o700 });
  const give = (path: string): void => (spec.uid === undefined ? undefined : chownSync(path, uid, spec.gid ?? uid));
  give(own);
  for (const path of paths) {
    mkdirSync(path, { mode: 0o700 });
    give(path);
  }
  return own;
}

/** What a zone made is hostile: where it cannot be removed it is left, and no zone of that name starts any more. */
function removeOwn(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // Told by the start that finds it.
  }
}

function startOf(creating: Creating, uid: number): Parameters<typeof startHeld>[0] {
  const { arch, spec, runtime, places, isRoot, instance, abi } = creating;
  const sockets = socketsOf(spec);
  const pair = sockets !== spec.sockets;
  const seen = { ...spec, sockets };
  const env = {
    // Landlock answers "not allowed" where OpenSSL expects "not there".
    OPENSSL_CONF: '/dev/null',
    ...spec.env,
    HARDSHELL_ZONE_OF: instance,
    HARDSHELL_WALL: 'landlock',
    ...(pair ? { HARDSHELL_FD: '3' } : {}),
  };
  const translate = (value: string): string => hostText(value, spec, places);
  const image = buildLauncher({
    arch,
    ruleset: rulesetAttributes(abi, spec.network),
    rules: rulesOf(seen, runtime, places),
    filter: buildSeccompFilter({ ...seen, arch, changeUid: false, hostPaths: true }),
    stepDown: isRoot ? { uid, gid: spec.gid ?? process.getgid?.() ?? 0 } : undefined,
    descriptor: pair || spec.descriptor !== undefined,
    cwd: translate(spec.cwd),
    ...programOf(spec, places, translate),
    env: Object.entries(env).map(([name, value]) => `${name}=${translate(value)}`),
  });
  return { spec, image, path: join(places.directory, randomBytes(8).toString('hex')), marker: instance, pair };
}

function programOf(
  { program }: ZoneSpec,
  { node }: HostPlaces,
  translate: (value: string) => string,
): { readonly path: string; readonly arguments: readonly string[] } {
  const path = program.kind === 'node' ? node : translate(program.path);
  const name = program.kind === 'node' ? ZONE_NODE : path;
  return { path, arguments: [name, ...program.arguments.map(translate)] };
}

/** What must hold once its program is there. All of it was done by the launcher, and is looked at from outside. */
function checkReleased({ pid }: HeldLauncher, name: string, uid: number): void {
  const status = readProcessStatus(pid);
  const wrong = status === undefined ? ['it ended while it started'] : wrongStatus(status, uid);
  if (wrong.length > 0)
    throw new HardshellError('isolation_failed', `\`${name}\` is not walled in as it must be: ${wrong.join('; ')}`, {
      fate: 'stop',
    });
}

function whenEnded({ child }: HeldLauncher, group: ZoneCgroup): Promise<ZoneExit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(classify(code, signal, group)));
  });
}

function classify(code: number | null, signal: NodeJS.Signals | null, group: ZoneCgroup): ZoneExit {
  if (signal === 'SIGSYS') return { kind: 'tampered' };
  if (signal === 'SIGKILL') return { kind: 'killed', outOfMemory: group.oomKilled() };
  if (code === EXIT_PROBE_FAILED) return { kind: 'probe_failed' };
  // As a shell would tell it, and bubblewrap does.
  return { kind: 'exited', code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]) };
}
