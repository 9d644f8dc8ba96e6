import { mkdtempSync, chmodSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import {
  createBubblewrapDriver,
  createLandlockDriver,
  findLandlock,
  findRuntime,
  openLibrary,
  type DriverOptions,
  type Mount,
  type Runtime,
  type Wall,
  type Zone,
  type ZoneDriver,
  type ZoneExit,
  type ZoneSpec,
} from '../../src/isolation/index.ts';

export const isRoot = process.getuid?.() === 0;
/** The uid a zone gets in tests: an unnamed one as root, our own otherwise. */
export const ZONE_IDS = isRoot ? { uid: 61_499, gid: 61_499 } : {};
const MIB = 1024 * 1024;

/** A directory that a zone's uid can reach, gone with `remove`. */
export function makeOpenDirectory(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'hardshell-test-'));
  chmodSync(path, 0o755);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export interface Bench {
  readonly driver: ZoneDriver;
  readonly instance: string;
  readonly runtime: Runtime;
  /** A directory that zones can read. */
  readonly directory: string;
  readonly close: () => Promise<void>;
}

/** A driver whose zones run the pinned Node, or `program` in its place. */
export function openBench(program?: string, wall?: Wall, binary = process.execPath): Promise<Bench> {
  return openBenchOf(binary, program, (options) =>
    createBubblewrapDriver({ ...options, ...(wall === undefined ? {} : { wall }) }),
  );
}

/** Undefined, with the reason printed, where this kernel has no Landlock that is enough. */
export async function landlockAbi(): Promise<number | undefined> {
  const found = await findLandlock();
  if (found.ok) return found.abi;
  console.warn(`NOT PROVEN HERE: walls of Landlock (${found.reason})`);
  return undefined;
}

/** Zones in mode L. `abi`: of that version of Landlock, which newer kernels can be asked for. */
export function openLandlockBench(abi: number, binary = process.execPath): Promise<Bench> {
  return openBenchOf(binary, undefined, (options) => createLandlockDriver({ ...options, abi }));
}

async function openBenchOf(
  binary: string,
  program: string | undefined,
  create: (options: DriverOptions) => ZoneDriver,
): Promise<Bench> {
  const { path, remove } = makeOpenDirectory();
  const instance = randomBytes(4).toString('hex');
  const found = await findRuntime(binary);
  const node = program ?? (isRoot ? await openLibrary(path).file(found.node) : found.node);
  const runtime = { ...found, node };
  const driver = create({ instance, runtime: () => runtime });
  return {
    driver,
    instance,
    runtime,
    directory: path,
    close: async () => {
      await driver.destroy();
      remove();
    },
  };
}

export interface ZoneOverrides extends Partial<ZoneSpec> {
  readonly mounts?: readonly Mount[];
}

export function specOf(nodeArguments: readonly string[], overrides: ZoneOverrides = {}): ZoneSpec {
  return {
    name: `test-${randomBytes(3).toString('hex')}`,
    ...ZONE_IDS,
    env: { HOME: '/tmp', NODE_ENV: 'production' },
    cwd: '/tmp',
    proc: true,
    sockets: 'connect',
    watch: false,
    limits: { memoryBytesMax: 256 * MIB, tasksMax: 32, cpus: 2 },
    ...overrides,
    mounts: [{ kind: 'tmp', to: '/tmp', bytesMax: 16 * MIB }, ...(overrides.mounts ?? [])],
    program: { kind: 'node', arguments: nodeArguments },
    profile: 'builtin',
    network: 'none',
  };
}

export interface Ran {
  readonly exit: ZoneExit;
  readonly out: string;
  readonly err: string;
}

/** Runs a zone to its end. */
export async function runZone(driver: ZoneDriver, spec: ZoneSpec): Promise<Ran> {
  const said = { out: '', err: '' };
  const zone: Zone = await driver.create({ ...spec, onOutput: (stream, chunk) => (said[stream] += chunk.toString()) });
  const exit = await zone.exited;
  return { exit, ...said };
}

/** Runs JavaScript in a zone and returns what it printed as JSON. */
export async function evaluateInZone(
  driver: ZoneDriver,
  script: string,
  overrides: ZoneOverrides = {},
): Promise<unknown> {
  const ran = await runZone(driver, specOf(['--input-type=module', '-e', script], overrides));
  if (ran.out === '') throw new Error(`the zone said nothing (${JSON.stringify(ran.exit)}): ${ran.err}`);
  return JSON.parse(ran.out) as unknown;
}
