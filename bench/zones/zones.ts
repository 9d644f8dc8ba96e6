import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { AGENT_INSIDE, rootMounts } from '../../src/supervisor/index.ts';
import type { Mount, Zone, ZoneSpec } from '../../src/isolation/index.ts';
import type { Wall } from './walls.ts';

const MIB = 1024 * 1024;
const IDS = process.getuid?.() === 0 ? { uid: 61_497, gid: 61_497 } : {};
const BOMB = `import os
print('x', flush=True)
while True:
  try: os.fork()
  except OSError: pass`;
let serial = 0;

interface Extra {
  readonly mounts?: readonly Mount[];
  readonly take?: (text: string) => void;
}

function specOf(wall: Wall, program: ZoneSpec['program'], extra: Extra = {}): ZoneSpec {
  const isAgent = wall.profile === 'agent';
  const own: Mount[] = isAgent
    ? [...rootMounts({ kind: 'host-ro' }), { kind: 'read', from: wall.node, to: `${AGENT_INSIDE.tools}/bin/node` }]
    : [];
  return {
    name: `bench-${(serial += 1)}`,
    ...IDS,
    mounts: [...own, { kind: 'tmp', to: '/tmp', bytesMax: MIB }, ...(extra.mounts ?? [])],
    env: { HOME: '/tmp', PATH: '/usr/bin:/bin' },
    cwd: '/tmp',
    program,
    profile: wall.profile,
    network: 'none',
    proc: true,
    sockets: 'connect',
    watch: false,
    limits: { memoryBytesMax: 512 * MIB, tasksMax: isAgent ? 256 : 32, cpus: 2 },
    ...(extra.take === undefined ? {} : { onOutput: (_stream, chunk) => extra.take?.(chunk.toString()) }),
  };
}

const node = (wall: Wall, command: readonly string[]): ZoneSpec['program'] =>
  wall.profile === 'agent'
    ? { kind: 'command', path: `${AGENT_INSIDE.tools}/bin/node`, arguments: command }
    : { kind: 'node', arguments: command };

/** Runs Node behind the wall to its end. Milliseconds to its first byte. */
export async function runBehind(wall: Wall, command: readonly string[], extra: Extra = {}): Promise<number> {
  const startedAt = performance.now();
  let first = Number.NaN;
  const take = (text: string): void => {
    if (Number.isNaN(first)) first = performance.now() - startedAt;
    extra.take?.(text);
  };
  const zone = await wall.driver.create(specOf(wall, node(wall, command), { ...extra, take }));
  await zone.exited;
  return first;
}

/** The same program without a wall. */
export async function runBare(command: readonly string[], take?: (text: string) => void): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'ignore'], env: { HOME: '/tmp' } });
  let first = Number.NaN;
  child.stdout.on('data', (chunk: Buffer) => {
    if (Number.isNaN(first)) first = performance.now() - startedAt;
    take?.(chunk.toString());
  });
  await new Promise((resolve) => child.once('close', resolve));
  return first;
}

/** A zone that has said something and waits. */
export function startIdle(wall: Wall): Promise<Zone> {
  return startSpeaking(wall, node(wall, ['-e', 'process.stdout.write("x"); setInterval(() => {}, 1e6)']));
}

/** Forks without end up to its limit of tasks; undefined where a wall lets nothing fork. */
export async function startBomb(wall: Wall): Promise<Zone | undefined> {
  if (wall.profile === 'builtin') return undefined;
  return startSpeaking(wall, { kind: 'command', path: 'python3', arguments: ['-c', BOMB] });
}

async function startSpeaking(wall: Wall, program: ZoneSpec['program']): Promise<Zone> {
  const spoke = Promise.withResolvers<undefined>();
  const zone = await wall.driver.create(specOf(wall, program, { take: () => spoke.resolve(undefined) }));
  await Promise.race([spoke.promise, zone.exited]);
  return zone;
}

/** Proportional set size in KiB of the program and of the processes of its wall. */
export function memoryOf(zone: Zone): { readonly node: number; readonly wall: number } {
  const pids = zone.processes.map(({ pid }) => pid);
  const init = pids.at(-1) ?? 0;
  const pss = (pid: number): number =>
    Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  const sum = (list: readonly number[]): number => list.reduce((total, pid) => total + pss(pid), 0);
  return { node: pss(init), wall: sum(pids.slice(0, -1)) };
}
