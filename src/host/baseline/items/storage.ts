import { saw, type Evidence, named } from '../evidence.ts';
import { sawFile, sawRun } from '../item.ts';
import type { Machine } from '../machine.ts';
import { judgeDevice, weakest, type Layer } from './block-device.ts';
import { MOUNTS, mountOf, parseMounts, resolvePath, type MountEntry } from './mounts.ts';

const MEMORY = new Set(['tmpfs', 'ramfs']);
/** File systems that encrypt by themselves, whatever lies below. */
const CIPHERED = new Set(['ecryptfs', 'fuse.gocryptfs', 'fuse.cryfs']);
const DEPTH_MAX = 8;

/** On what a path of this Linux machine is stored, down to the disks. */
export async function judgeStorage(machine: Machine, path: string, depth = DEPTH_MAX): Promise<Layer> {
  const resolved = await resolvePath(machine, path);
  if (resolved === null)
    return { kind: 'unknown', how: `where ${named(path)} leads cannot be told`, evidence: [saw(path, 'not resolved')] };
  const reading = await machine.readFile(MOUNTS);
  const mount = reading.kind === 'text' ? mountOf(parseMounts(reading.text), resolved) : undefined;
  if (mount === undefined)
    return { kind: 'unknown', how: 'its mount cannot be told', evidence: [sawFile(MOUNTS, reading)] };
  const { device, mountPoint, type, source } = mount;
  const evidence = [saw(MOUNTS, `${resolved} is on ${mountPoint} (${type}, ${device}, ${source})`)];
  if (MEMORY.has(type)) return { kind: 'memory', how: `${type}, kept in memory`, evidence };
  if (CIPHERED.has(type)) return { kind: 'encrypted', how: `encrypted by ${type}`, evidence };
  if (type === 'zfs') return addEvidence(await judgeZfs(machine, source), evidence);
  const layer = addEvidence(await judgeMount(machine, mount, depth), evidence);
  return layer.kind === 'plain' ? judgeFscrypt(machine, resolved, layer) : layer;
}

async function judgeMount(machine: Machine, { device, type, source }: MountEntry, depth: number): Promise<Layer> {
  const judge = (folder: string): Promise<Layer> =>
    judgeDevice(machine, folder, { depth, judgeFile: (file) => judgeStorage(machine, file, depth - 1) });
  if (!device.startsWith('0:')) return judge(`/sys/dev/block/${device}`);
  // btrfs counts its own devices and names one of them as the source; all of them hold data.
  if (type !== 'btrfs') return { kind: 'unknown', how: `${type} does not tell what lies below it`, evidence: [] };
  const resolved = await resolvePath(machine, source);
  const name = /^\/dev\/([A-Za-z0-9!._-]+)$/.exec(resolved ?? '')?.[1];
  if (name === undefined) return { kind: 'unknown', how: 'its device cannot be told', evidence: [] };
  const names = (await btrfsDevices(machine, name)) ?? [name];
  const layers = await Promise.all(names.map((part) => judge(`/sys/class/block/${part}`)));
  return weakest(layers);
}

async function btrfsDevices(machine: Machine, name: string): Promise<readonly string[] | undefined> {
  const systems = await machine.list('/sys/fs/btrfs');
  for (const id of systems.kind === 'names' ? systems.names : []) {
    const devices = await machine.list(`/sys/fs/btrfs/${id}/devices`);
    if (devices.kind === 'names' && devices.names.includes(name)) return devices.names;
  }
  return undefined;
}

async function judgeZfs(machine: Machine, dataset: string): Promise<Layer> {
  const args = ['get', '-H', '-o', 'value', 'encryption', dataset];
  const ran = await machine.run('zfs', args);
  const evidence = [sawRun('zfs', args, ran)];
  const value = ran.kind === 'ran' && ran.code === 0 ? ran.out.trim() : '';
  if (/^aes-\d+-[cg]cm$/.test(value)) return { kind: 'encrypted', how: `encrypted by ZFS (${value})`, evidence };
  if (value === 'off') return addEvidence(await judgePool(machine, dataset), evidence);
  return { kind: 'unknown', how: 'ZFS does not tell', evidence };
}

/** A pool without encryption of its own may lie on devices that are encrypted. */
async function judgePool(machine: Machine, dataset: string): Promise<Layer> {
  const args = ['list', '-v', '-H', '-P', dataset.split('/')[0] ?? dataset];
  const ran = await machine.run('zpool', args);
  const paths =
    ran.kind === 'ran' && ran.code === 0
      ? [...ran.out.matchAll(/^\s+(\/dev\/\S+)/gm)].map(([, path]) => path ?? '')
      : [];
  if (paths.length === 0)
    return { kind: 'unknown', how: 'the pool does not tell its devices', evidence: [sawRun('zpool', args, ran)] };
  const layers = await Promise.all(paths.map((path) => judgeDevicePath(machine, path)));
  return addEvidence(weakest(layers), [saw(`zpool ${args.join(' ')}`, paths.join(' '))]);
}

/** A device by its name in /dev, links followed. */
export async function judgeDevicePath(machine: Machine, path: string): Promise<Layer> {
  const resolved = await resolvePath(machine, path);
  const name = /^\/dev\/([A-Za-z0-9!._-]+)$/.exec(resolved ?? '')?.[1];
  if (name === undefined) return { kind: 'unknown', how: `the device ${named(path)} cannot be told`, evidence: [] };
  const judgeFile = (file: string): Promise<Layer> => judgeStorage(machine, file, DEPTH_MAX - 1);
  return judgeDevice(machine, `/sys/class/block/${name}`, { depth: DEPTH_MAX, judgeFile });
}

/** A folder that the file system itself encrypts on a plain disk: `E` among the attributes. */
async function judgeFscrypt(machine: Machine, path: string, below: Layer): Promise<Layer> {
  const args = ['-d', '--', path];
  const ran = await machine.run('lsattr', args);
  const flags = ran.kind === 'ran' && ran.code === 0 ? (/^\s*(\S+)/.exec(ran.out)?.[1] ?? '') : '';
  if (!flags.includes('E')) return below;
  return { kind: 'encrypted', how: 'encrypted by fscrypt', evidence: [...below.evidence, sawRun('lsattr', args, ran)] };
}

function addEvidence(layer: Layer, evidence: readonly Evidence[]): Layer {
  return { ...layer, evidence: [...evidence, ...layer.evidence] };
}
