import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ZONE_NODE } from '../bwrap-args.ts';
import { executableOf, identifyProcess, readProcessStatus, sharedNamespaces, type ProcessId } from '../inspect.ts';
import type { ZoneSpec } from '../driver.ts';
import type { Inspected } from './answers.ts';
import type { ContainerRequest } from './container.ts';
import { failed } from './failures.ts';

const STARTED_MS_MAX = 10_000;
/** How often, and how far apart, a process is looked at again that may be just ending. */
const ENDING_LOOKS = 40;
const ENDING_MS = 5;

/**
 * What the engine says it made, compared with what it was asked for. Before the start, so that a container that differs
 * never runs; and again after it. Throws `isolation_failed` with everything that differs.
 */
export function checkInspected(name: string, asked: ContainerRequest, found: Inspected): void {
  const wrong = [...compareHost(asked, found), ...compareProgram(asked, found), ...compareMounts(asked, found)];
  if (wrong.length > 0) throw failed(`the container of \`${name}\` is not what was asked for: ${wrong.join('; ')}`);
}

type Difference = readonly [what: string, asked: unknown, found: unknown];

function compareHost(
  { HostConfig: asked, Image }: ContainerRequest,
  { HostConfig: found, Image: image }: Inspected,
): string[] {
  return differences([
    ['image', Image, image],
    ['network', asked.NetworkMode, found.NetworkMode],
    ['read-only root', true, found.ReadonlyRootfs],
    ['privileged', false, found.Privileged],
    ['dropped capabilities', asked.CapDrop, found.CapDrop ?? []],
    ['added capabilities', [], found.CapAdd ?? []],
    ['security options', sorted(asked.SecurityOpt), sorted(found.SecurityOpt ?? [])],
    ['ipc', asked.IpcMode, found.IpcMode],
    ['cgroup namespace', asked.CgroupnsMode, found.CgroupnsMode],
    ['control group', asked.CgroupParent, found.CgroupParent],
    ['processes', asked.PidMode, found.PidMode],
    ['host name', asked.UTSMode, found.UTSMode],
    ['user namespace', asked.UsernsMode, found.UsernsMode],
    ['memory', asked.Memory, found.Memory],
    ['memory with swap', asked.MemorySwap, found.MemorySwap],
    ['end when out of memory', false, found.OomKillDisable ?? false],
    ['processor period', asked.CpuPeriod, found.CpuPeriod],
    ['processor quota', asked.CpuQuota, found.CpuQuota],
    ['tasks', asked.PidsLimit, found.PidsLimit ?? 0],
    ['log', asked.LogConfig.Type, found.LogConfig.Type],
    ['restart', asked.RestartPolicy.Name, found.RestartPolicy.Name],
    ['devices', 0, (found.Devices ?? []).length + (found.DeviceRequests ?? []).length],
    ['device rules', [], found.DeviceCgroupRules ?? []],
    ['groups', [], found.GroupAdd ?? []],
    ['ports', false, found.PublishAllPorts || Object.keys(found.PortBindings ?? {}).length > 0],
    ['binds', 0, (found.Binds ?? []).length + (found.VolumesFrom ?? []).length],
    ['hidden paths', sorted(asked.MaskedPaths), sorted(found.MaskedPaths ?? [])],
    ['read-only paths', sorted(asked.ReadonlyPaths), sorted(found.ReadonlyPaths ?? [])],
    ['memory file systems', sortedEntries(asked.Tmpfs), sortedEntries(found.Tmpfs ?? {})],
  ]);
}

function compareProgram(asked: ContainerRequest, found: Inspected): string[] {
  return differences([
    ['program', [...asked.Entrypoint, ...asked.Cmd], [found.Path, ...found.Args]],
    ['user', asked.User, found.Config.User],
    ['environment', sorted(asked.Env), sorted(found.Config.Env)],
    ['directory', asked.WorkingDir, found.Config.WorkingDir],
    ['labels', sortedEntries(asked.Labels), sortedEntries(found.Config.Labels)],
    ['terminal', asked.Tty, found.Config.Tty],
    ['host name inside', asked.Hostname, found.Config.Hostname],
    ['program of the image beside it', asked.Healthcheck.Test, found.Config.Healthcheck?.Test ?? []],
    ['volumes', 0, Object.keys(found.Config.Volumes ?? {}).length],
    ['networks', [], Object.keys(found.NetworkSettings.Networks).filter((network) => network !== 'none')],
  ]);
}

function compareMounts(asked: ContainerRequest, found: Inspected): string[] {
  const wanted = asked.HostConfig.Mounts.map(
    (mount) => `${mount.Source} ${mount.Target} ${mount.ReadOnly ? 'ro' : 'rw'}`,
  );
  const there = found.Mounts.filter((mount) => mount.Type !== 'tmpfs').map(
    (mount) => `${mount.Source ?? ''} ${mount.Destination} ${mount.RW ? 'rw' : 'ro'}`,
  );
  return differences([['mounts', sorted(wanted), sorted(there)]]);
}

function differences(pairs: readonly Difference[]): string[] {
  return pairs.filter(([, asked, found]) => JSON.stringify(asked) !== JSON.stringify(found)).map(([what]) => what);
}

const sorted = (list: readonly string[]): string[] => [...list].sort();
const sortedEntries = (record: Readonly<Record<string, string>>): string[] =>
  Object.entries(record)
    .map(([name, value]) => `${name}=${value}`)
    .sort();

/**
 * The container's first process as this machine's kernel knows it, or undefined where the engine runs elsewhere (a
 * virtual machine): a number alone could be anybody's, so its cgroup has to name the container.
 */
export function findFirstProcess(id: string, pid: number): ProcessId | undefined {
  if (pid <= 0) return undefined;
  const identity = identifyProcess(pid);
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(id) ? identity : undefined;
  } catch {
    return undefined;
  }
}

interface Released {
  readonly name: string;
  readonly process: ProcessId;
  readonly program: ZoneSpec['program'];
  readonly uid: number;
  readonly hasEnded: () => boolean;
}

/** What the kernel says about the first process once its program is there. Throws `isolation_failed`. */
export async function checkProcess(released: Released): Promise<void> {
  const { name, process, program, hasEnded } = released;
  const deadline = performance.now() + STARTED_MS_MAX;
  while (!isProgram(executableOf(process.pid), program)) {
    if (hasEnded()) return;
    if (performance.now() > deadline) throw failed(`\`${name}\` did not start its program in time`);
    await sleep(1);
  }
  for (let looks = ENDING_LOOKS; ; looks--) {
    const wrong = wrongWith(released);
    if (wrong === undefined || hasEnded()) return;
    // A process that is just ending has its limits still and no namespaces any more.
    if (wrong.shared.length === 0 || wrong.other.length > 0 || looks === 0) {
      const all = [...wrong.other, ...wrong.shared];
      if (all.length === 0) return;
      throw failed(`\`${name}\` is not walled in as it must be: ${all.join('; ')}`);
    }
    await sleep(ENDING_MS);
  }
}

interface Wrong {
  readonly other: readonly string[];
  readonly shared: readonly string[];
}

function wrongWith({ process, uid }: Released): Wrong | undefined {
  const status = readProcessStatus(process.pid);
  if (status === undefined) return undefined;
  const shared = sharedNamespaces(process.pid).filter((kind) => kind !== 'user');
  const other = [
    status.seccomp === '2' ? '' : `seccomp mode ${status.seccomp}`,
    status.noNewPrivs === '1' ? '' : 'may gain privileges',
    /^0+$/.test(status.capEff) && /^0+$/.test(status.capBnd) ? '' : `capabilities ${status.capEff} ${status.capBnd}`,
    status.uids.every((id) => id === uid) ? '' : `uids ${status.uids.join(' ')} instead of ${uid}`,
  ].filter(Boolean);
  return { other, shared: shared.length > 0 ? [`shares ${shared.join(', ')}`] : [] };
}

/** True once the engine's own starter has become the zone's program. A script becomes its interpreter: any will do. */
function isProgram(executable: string | undefined, program: ZoneSpec['program']): boolean {
  if (executable === undefined) return false;
  return program.kind === 'node' ? executable === ZONE_NODE : !/(?:^|\/)(?:runc|crun|exe)\b|memfd:/.test(executable);
}
