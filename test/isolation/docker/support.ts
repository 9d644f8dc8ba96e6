import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  findRuntime,
  openDockerDriver,
  type DockerOptions,
  type Mount,
  type ZoneDriver,
  type ZoneExit,
  type ZoneSpec,
} from '../../../src/isolation/index.ts';

const isRoot = process.getuid?.() === 0;
const hasEngine = spawnSync('dockerd', ['--version'], { stdio: 'ignore' }).error === undefined;
/** Why no engine can be started here, or undefined. */
export const NO_ENGINE = !isRoot
  ? 'a Docker engine is started by root only'
  : hasEngine
    ? undefined
    : '`dockerd` is not installed (Debian: `apt-get install docker.io`)';
if (NO_ENGINE !== undefined) console.warn(`NOT PROVEN HERE: zones in containers (${NO_ENGINE})`);

export const ZONE_UID = 61_498;
const MIB = 1024 * 1024;

/** A Docker engine of the test's own. */
export interface TestEngine {
  readonly folder: string;
  readonly socketPath: string;
  /** SIGKILL to the engine and its containerd, as a crash does. The containers go on. */
  readonly crash: () => Promise<void>;
  /** Stops it from doing anything, until the function that is returned is called. */
  readonly hang: () => () => void;
  /** Starts it again in the same folder after a crash. */
  readonly restart: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function startEngine(): Promise<TestEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'hs-engine-'));
  chmodSync(folder, 0o711);
  const socketPath = join(folder, 'engine.sock');
  let guard = await startGuard(folder, socketPath);
  return {
    folder,
    socketPath,
    crash: async () => {
      const ended = new Promise((resolve) => guard.stdout?.once('data', resolve));
      for (const pid of ['pid', 'exec/containerd/containerd.pid'])
        process.kill(Number(readFileSync(join(folder, pid), 'utf8')), 'SIGKILL');
      await ended;
    },
    hang: () => {
      const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
      process.kill(pid, 'SIGSTOP');
      return () => void process.kill(pid, 'SIGCONT');
    },
    restart: async () => {
      const old = guard;
      for (const left of ['pid', 'engine.sock', 'exec/containerd/containerd.pid', 'exec/containerd/containerd.sock'])
        rmSync(join(folder, left), { force: true });
      guard = await startGuard(folder, socketPath);
      old.kill('SIGKILL');
    },
    close: async () => {
      const ended = new Promise((resolve) => guard.once('exit', resolve));
      guard.stdin?.end();
      await ended;
    },
  };
}

async function startGuard(folder: string, socketPath: string): Promise<ChildProcess> {
  const guard = spawn(process.execPath, [join(import.meta.dirname, 'engine-guard.mjs'), folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  for (let attempt = 0; attempt < 300; attempt++) {
    if (existsSync(socketPath) && (await askEngine(socketPath, 'GET', '/_ping').catch(() => undefined))?.status === 200)
      return guard;
    if (guard.exitCode !== null) break;
    await sleep(100);
  }
  const log = existsSync(join(folder, 'engine.log')) ? readFileSync(join(folder, 'engine.log'), 'utf8') : '';
  guard.stdin?.end();
  throw new Error(`the Docker engine did not start: ${log.slice(-2_000)}`);
}

export interface EngineReply {
  readonly status: number;
  readonly body: string;
}

/** The engine, asked by the test itself and not by the code under test. */
export function askEngine(socketPath: string, method: string, path: string, body?: unknown): Promise<EngineReply> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath, method, path, agent: false, headers: { host: 'docker', 'content-type': 'application/json' } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      },
    );
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

export interface DockerBench {
  readonly engine: TestEngine;
  readonly driver: ZoneDriver;
  readonly instance: string;
  /** Id of the image of the zones. */
  readonly image: string;
  readonly open: (instance?: string, more?: Pick<DockerOptions, 'beside' | 'tell'>) => Promise<ZoneDriver>;
  /** What the engine says about the container of a zone. */
  readonly inspect: (zone: string) => Promise<{ readonly HostConfig: { readonly PidsLimit: number } }>;
  readonly close: () => Promise<void>;
}

export async function openDockerBench(): Promise<DockerBench> {
  const engine = await startEngine();
  const runtime = await findRuntime(process.execPath);
  const instance = randomBytes(4).toString('hex');
  const open: DockerBench['open'] = (name = instance, more = {}) =>
    openDockerDriver({ instance: name, runtime, socketPath: engine.socketPath, ...more });
  try {
    const driver = await open();
    const images = JSON.parse((await askEngine(engine.socketPath, 'GET', '/images/json?all=1')).body) as {
      Id: string;
    }[];
    return {
      engine,
      driver,
      instance,
      image: images[0]?.Id ?? '',
      open,
      inspect: async (zone) => {
        const { body } = await askEngine(engine.socketPath, 'GET', `/containers/hardshell-${instance}-${zone}/json`);
        return JSON.parse(body) as { HostConfig: { PidsLimit: number } };
      },
      close: async () => {
        await driver.destroy();
        await engine.close();
      },
    };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

export function dockerSpec(
  nodeArguments: readonly string[],
  overrides: Partial<Omit<ZoneSpec, 'mounts'>> & { readonly mounts?: readonly Mount[] } = {},
): ZoneSpec {
  return {
    name: `test-${randomBytes(3).toString('hex')}`,
    uid: ZONE_UID,
    gid: ZONE_UID,
    env: { HOME: '/tmp', NODE_ENV: 'production' },
    cwd: '/tmp',
    proc: true,
    sockets: 'connect',
    watch: false,
    limits: { memoryBytesMax: 256 * MIB, tasksMax: 32, cpus: 2 },
    program: { kind: 'node', arguments: nodeArguments },
    profile: 'builtin',
    network: 'none',
    ...overrides,
    mounts: [{ kind: 'tmp', to: '/tmp', bytesMax: 16 * MIB }, ...(overrides.mounts ?? [])],
  };
}

export interface Ran {
  readonly exit: ZoneExit;
  readonly out: string;
  readonly err: string;
}

export async function runDocker(driver: ZoneDriver, spec: ZoneSpec): Promise<Ran> {
  const { exit, stdout, stderr } = await driver.exec(spec, { timeoutMs: 60_000, outputBytesMax: 4 * MIB });
  return { exit, out: stdout.toString(), err: stderr.toString() };
}

/** Runs JavaScript in a container and returns what it printed as JSON. */
export async function evaluate(
  driver: ZoneDriver,
  script: string,
  overrides: Parameters<typeof dockerSpec>[1] = {},
): Promise<unknown> {
  const ran = await runDocker(driver, dockerSpec(['--input-type=module', '-e', script], overrides));
  if (ran.out === '') throw new Error(`the zone said nothing (${JSON.stringify(ran.exit)}): ${ran.err}`);
  return JSON.parse(ran.out) as unknown;
}

/** A socket directory as the supervisor makes it: the zone may pass and connect, never write. */
export function makeBridgeDirectory(): { path: string; remove: () => void } {
  const base = mkdtempSync(join(tmpdir(), 'hs-bridge-'));
  chmodSync(base, 0o711);
  const path = join(base, 'zone');
  mkdirSync(path, { mode: 0o700 });
  chownSync(path, 0, ZONE_UID);
  chmodSync(path, 0o2750);
  return { path, remove: () => rmSync(base, { recursive: true, force: true }) };
}

/**
 * `docker run --network host --security-opt seccomp=unconfined` and what else people write until it works. Not
 * `--privileged`: it asks for CAP_SYS_RESOURCE, which root on a small virtual machine may lack.
 */
const OPEN = {
  NetworkMode: 'host',
  LogConfig: { Type: 'json-file' },
  CapAdd: ['SYS_ADMIN', 'SYS_NICE', 'NET_ADMIN', 'NET_RAW'],
  SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined'],
  MaskedPaths: [],
  ReadonlyPaths: [],
};

/** What a plain `docker run` of the same image gives: the twin in which a wall of ours is absent. Returns what it said. */
export async function plainContainer(
  bench: DockerBench,
  command: readonly string[],
  host: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly code: number; readonly out: string }> {
  const { socketPath } = bench.engine;
  const created = await askEngine(socketPath, 'POST', '/containers/create', {
    Image: bench.image,
    Cmd: command,
    Tty: true,
    HostConfig: { ...OPEN, ...host },
  });
  const { Id } = JSON.parse(created.body) as { Id?: string };
  if (Id === undefined) throw new Error(created.body);
  try {
    const started = await askEngine(socketPath, 'POST', `/containers/${Id}/start`);
    if (started.status >= 300) throw new Error(started.body);
    const waited = await askEngine(socketPath, 'POST', `/containers/${Id}/wait`);
    const { body } = await askEngine(socketPath, 'GET', `/containers/${Id}/logs?stdout=1&stderr=1`);
    return { code: (JSON.parse(waited.body) as { StatusCode: number }).StatusCode, out: body };
  } finally {
    await askEngine(socketPath, 'DELETE', `/containers/${Id}?force=1&v=1`);
  }
}
