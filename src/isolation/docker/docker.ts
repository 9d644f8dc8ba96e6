import { dirname } from 'node:path';
import { HardshellError } from '../../contracts/index.ts';
import { removeCgroups } from '../cgroup.ts';
import type { ProbeResult, Zone, ZoneDriver, ZoneSpec } from '../driver.ts';
import type { Runtime } from '../runtime.ts';
import { runToEnd } from '../run-to-end.ts';
import type { SyscallArch } from '../syscalls.ts';
import { infoAnswer, versionAnswer, type EngineInfo } from './answers.ts';
import { readImage, type ContainerImage } from './chosen-image.ts';
import { containerRequest } from './container.ts';
import { connectEngine, ENGINE_SOCKET, type Engine } from './engine.ts';
import { refused } from './failures.ts';
import { buildImage, checkImage, FileChecker, ensureImage, type ZoneImage } from './image.ts';
import { removeLeftovers, startZone } from './zone.ts';

export interface DockerOptions {
  /** Eight hex digits of the home: labels the containers of the instance. */
  readonly instance: string;
  readonly runtime: Runtime;
  readonly socketPath?: string;
  /**
   * Name of the one zone that is made here, of an image of its owner's, beside a supervisor of the instance: nothing of
   * the others is touched. Absent: this is the supervisor, and what runs already was left by a crash.
   */
  readonly beside?: string;
  /** What a person should know, in a sentence. */
  readonly tell?: (sentence: string) => void;
}

/** First version of the engine's API that holds all we ask for. */
const API_MIN = [1, 41] as const;

/**
 * Zones as hardened containers of a Docker engine. Opening it removes what a crash left and loads the image.
 * Throws `isolation_failed` when no engine answers or the one that does cannot hold what a zone needs.
 */
export async function openDockerDriver(options: DockerOptions): Promise<ZoneDriver> {
  const engine = connectEngine(options.socketPath ?? ENGINE_SOCKET);
  const info = await requireEngine(engine);
  const { instance, beside } = options;
  const left = await removeLeftovers(engine, instance, beside);
  if (left > 0) options.tell?.(`removed ${left} ${left === 1 ? 'container' : 'containers'} that a crash had left`);
  if (beside !== undefined) return new DockerDriver(engine, { info, image: undefined, instance });
  const image = await buildImage(options.runtime);
  await ensureImage(engine, image);
  return new DockerDriver(engine, { info, image, instance });
}

interface Opened {
  readonly info: EngineInfo;
  /** Of the zones of ours; undefined where none of those is made here. */
  readonly image: ZoneImage | undefined;
  readonly instance: string;
}

class DockerDriver implements ZoneDriver {
  readonly kind = 'docker';
  /** An own uid for each zone and no user namespace where a root supervisor starts them. */
  readonly mode = process.getuid?.() === 0 ? 'R' : 'U';
  readonly ownUids = process.getuid?.() === 0;
  readonly limitsHeld: ZoneDriver['limitsHeld'];
  readonly degraded: readonly string[];
  /** The instance's groups, known once the engine has made one. */
  readonly #groups = new Set<string>();
  readonly #engine: Engine;
  readonly #opened: Opened;
  readonly #zones = new Set<Zone>();
  readonly #files: FileChecker | undefined;

  constructor(engine: Engine, opened: Opened) {
    this.#engine = engine;
    this.#opened = opened;
    this.#files = opened.image === undefined ? undefined : new FileChecker(opened.image);
    const { MemoryLimit, SwapLimit, PidsLimit, CpuCfsQuota } = opened.info;
    const held = { memory: MemoryLimit && SwapLimit, pids: PidsLimit, cpu: CpuCfsQuota };
    const all = ['memory', 'pids', 'cpu'] as const;
    this.limitsHeld = all.filter((limit) => held[limit]);
    this.degraded = all.filter((limit) => !held[limit]).map((limit) => `the engine holds no ${limit} limit of a zone`);
  }

  get cgroupPaths(): readonly string[] {
    return [...this.#groups];
  }

  async probe(): Promise<ProbeResult> {
    try {
      await requireEngine(this.#engine);
      const { image } = this.#opened;
      if (image === undefined) return { ok: true, degraded: this.degraded };
      await checkImage(this.#engine, image);
      const ran = await this.exec(PROBE, { timeoutMs: 20_000, outputBytesMax: 1_024 });
      if (ran.exit.kind === 'exited' && ran.exit.code === 0) return { ok: true, degraded: this.degraded };
      const reason = `a container that does nothing ended with ${JSON.stringify(ran.exit)}`;
      return {
        ok: false,
        reason,
        remedy: 'look at the log of the Docker engine, or set `zones.driver` to `bubblewrap`',
      };
    } catch (error) {
      const reason = error instanceof HardshellError ? error.message : 'the Docker engine could not be asked';
      return { ok: false, reason, remedy: 'mend the Docker engine, or set `zones.driver` to `bubblewrap`' };
    }
  }

  async create(spec: ZoneSpec): Promise<Zone> {
    const zone = await this.#start(spec);
    this.#zones.add(zone);
    for (const path of zone.cgroupPaths) this.#groups.add(dirname(path));
    void zone.exited.then(() => this.#zones.delete(zone));
    // The engine removes the group of a container, never the one that it made around it.
    if (spec.profile === 'agent')
      void zone.exited.then(() => removeCgroups([...new Set(zone.cgroupPaths.map((path) => dirname(path)))]));
    return zone;
  }

  exec: ZoneDriver['exec'] = (spec, limits) => runToEnd(spec, limits, (asked) => this.create(asked));

  async destroy(): Promise<void> {
    await Promise.all([...this.#zones].map((zone) => zone.stop()));
    await removeLeftovers(this.#engine, this.#opened.instance).catch(() => 0);
    await removeCgroups(this.cgroupPaths);
  }

  async #start(spec: ZoneSpec): Promise<Zone> {
    const { instance, info } = this.#opened;
    const engine = this.#engine;
    const ids = { uid: spec.uid ?? process.getuid?.() ?? 0, gid: spec.gid ?? process.getgid?.() ?? 0 };
    const asked = containerRequest({
      spec,
      ids,
      image: await this.#imageOf(spec),
      instance,
      arch: nativeArch(),
      engineSocket: engine.socketPath,
      remaps: hasOption(info, 'userns'),
      cgroupParent: groupOf(instance, spec, info.CgroupDriver === 'systemd'),
    });
    const files = spec.image === undefined ? this.#files : undefined;
    return startZone({ engine, spec, asked, instance, uid: ids.uid, files });
  }

  /** Somebody may have pruned it; what stands under its digest is looked at before each start. */
  async #imageOf({ image: chosen, name }: ZoneSpec): Promise<ContainerImage> {
    if (chosen !== undefined) return readImage(this.#engine, chosen);
    const { image } = this.#opened;
    if (image === undefined) throw refused(`\`${name}\` needs the image of the zones, which only the supervisor loads`);
    await ensureImage(this.#engine, image);
    return { id: image.id, labels: {}, variables: [] };
  }
}

/**
 * Below which group the engine makes the container's. All of an instance lie below one name, so that a stop finds them;
 * a program of the owner's below its zone's, so that the supervisor finds it when its starter is gone.
 */
function groupOf(instance: string, { profile, name }: ZoneSpec, systemd: boolean): string {
  if (profile === 'builtin') return systemd ? `hardshell-${instance}.slice` : `/hardshell-${instance}`;
  // A dash is a level to systemd.
  return systemd ? `hardshell-${instance}-${name.replaceAll('-', '_')}.slice` : `/hardshell-${instance}/${name}`;
}

const PROBE_UID = 61_001;
const PROBE: ZoneSpec = {
  name: `probe-${process.pid}`,
  uid: PROBE_UID,
  gid: PROBE_UID,
  mounts: [{ kind: 'tmp', to: '/tmp', bytesMax: 1024 * 1024 }],
  env: {},
  cwd: '/tmp',
  program: { kind: 'node', arguments: ['--version'] },
  profile: 'builtin',
  network: 'none',
  proc: true,
  sockets: 'connect',
  watch: false,
  limits: { memoryBytesMax: 256 * 1024 * 1024, tasksMax: 32, cpus: 1 },
};

/** What the engine must be. Throws `isolation_failed` with what to do. */
async function requireEngine(engine: Engine): Promise<EngineInfo> {
  const { ApiVersion, Os } = await engine.demand({ method: 'GET', path: '/version' }, versionAnswer);
  const [major = 0, minor = 0] = ApiVersion.split('.').map(Number);
  if (Os !== 'linux') throw refused('the Docker engine runs no Linux containers');
  if (major < API_MIN[0] || (major === API_MIN[0] && minor < API_MIN[1]))
    throw refused('the Docker engine is older than 20.10; install a newer one or set `zones.driver` to `bubblewrap`');
  const info = await engine.demand({ method: 'GET', path: '/info' }, infoAnswer);
  if (!hasOption(info, 'seccomp'))
    throw refused('the Docker engine cannot filter system calls (seccomp); use one that can, or bubblewrap');
  if (hasOption(info, 'rootless'))
    throw refused('a rootless Docker engine maps the uids of zones; use bubblewrap, which needs no root either');
  if ((info.DriverStatus ?? []).some((line) => line.join(' ').includes('io.containerd.snapshotter')))
    throw refused(
      'this Docker engine keeps images in containerd, which names them otherwise; switch that off (`"features": {"containerd-snapshotter": false}`) or use bubblewrap',
    );
  return info;
}

function hasOption({ SecurityOptions }: EngineInfo, name: string): boolean {
  return (SecurityOptions ?? []).some((option) => option.split(',').includes(`name=${name}`));
}

function nativeArch(): SyscallArch {
  if (process.arch === 'x64') return 'x86_64';
  if (process.arch === 'arm64') return 'aarch64';
  throw refused(`no system call table for \`${process.arch}\``);
}
