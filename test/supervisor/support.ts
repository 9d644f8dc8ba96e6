import { execFile, spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectFrames, type RequestClient } from '../../src/bridge/index.ts';
import { findByEnvironment, removeCgroups, zoneMarker } from '../../src/isolation/index.ts';
import { instancePaths, type InstancePaths } from '../../src/state/index.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const NOBODY = 65_534;
export const isRoot = process.getuid?.() === 0;

/** Who an instance is run by in tests: root and an ordinary user where we are root, ourselves otherwise. */
export const RUNNERS = isRoot
  ? [
      { who: 'root', uid: 0 },
      { who: 'an ordinary user', uid: NOBODY },
    ]
  : [{ who: 'an ordinary user', uid: process.getuid?.() ?? 0 }];
if (!isRoot) console.warn('NOT PROVEN HERE: what only a supervisor run by root does (an own uid for each zone)');

/** The supervisor and the probe, packed from the source once a test process. */
function packedPrograms(): string {
  const packed = join(tmpdir(), `hs-packed-${process.getuid?.() ?? 0}-${process.pid}`);
  if (existsSync(join(packed, 'probe'))) return packed;
  const built = spawnSync(process.execPath, [join(import.meta.dirname, 'pack.mjs'), packed], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`cannot pack: ${built.stderr}`);
  process.once('exit', () => rmSync(packed, { recursive: true, force: true }));
  return packed;
}

interface Started {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly code: number | null;
}

const stdio: StdioOptions = ['ignore', 'pipe', 'pipe'];

/** A checkout of its own, with programs that stand in for the real ones behind the real supervisor and probe. */
export class Instance {
  readonly base: string;
  readonly uid: number;
  readonly paths: InstancePaths;
  readonly #children = new Set<ChildProcess>();
  #node = process.execPath;

  constructor(uid: number, programs: Partial<Record<'executor' | 'reader' | 'connector' | 'model', string>> = {}) {
    this.uid = uid;
    this.base = mkdtempSync(join(tmpdir(), 'hs-'));
    chmodSync(this.base, 0o755);
    if (isRoot) chownSync(this.base, uid, uid);
    const home = join(this.base, 'home');
    this.paths = instancePaths(home, uid);
    const packed = packedPrograms();
    for (const name of ['supervisor', 'probe'])
      cpSync(join(packed, name), join(this.base, 'dist', name), { recursive: true });
    const files = {
      executor: 'executor',
      connector: 'connector',
      reader: 'zone',
      planner: 'zone',
      model: 'model',
      ...programs,
    };
    for (const [name, file] of Object.entries(files)) {
      mkdirSync(join(this.base, 'dist', name));
      copyFileSync(join(import.meta.dirname, 'programs', `${file}.mjs`), join(this.base, 'dist', name, 'main.mjs'));
    }
    this.#node = reachableNode(this.base, uid);
  }

  get home(): string {
    return this.paths.home;
  }

  /** A Node that the instance's user can run. */
  get node(): string {
    return this.#node;
  }

  /** Starts `up`; resolves when it says that it is ready, or ends. */
  up(): Promise<Started> {
    const options = this.#options();
    return this.#started(spawn(this.#node, [join(this.base, 'dist', 'supervisor', 'main.mjs')], { ...options, stdio }));
  }

  /** As `up`, by a command that is run by us and becomes the instance's user itself. */
  upBy([first = '', ...rest]: readonly string[]): Promise<Started> {
    const { env, cwd } = this.#options();
    const path = `${env['PATH'] ?? ''}:/usr/sbin:/sbin`;
    return this.#started(spawn(first, rest, { env: { ...env, PATH: path }, cwd, stdio }));
  }

  #started(child: ChildProcess): Promise<Started> {
    this.#children.add(child);
    let said = '';
    return new Promise((resolve) => {
      const done = (): void => resolve({ child, said: () => said, code: child.exitCode });
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on('data', (chunk: Buffer) => {
          said += chunk.toString();
          if (said.includes('Ctrl-C stops everything')) done();
        });
      }
      child.on('close', done);
    });
  }

  /** Runs a command of the command line as the instance's user. */
  command(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    return new Promise((resolve) => {
      const child = execFile(
        this.#node,
        [join(import.meta.dirname, 'run-command.ts'), ...args],
        this.#options(),
        (_error, out, err) => resolve({ code: child.exitCode ?? -1, out, err }),
      );
    });
  }

  client(): Promise<RequestClient> {
    return connectFrames({ target: { path: this.paths.supervisorSocket } });
  }

  log(name: string): string {
    const path = join(this.home, 'logs', `${name}.log`);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** Processes that carry the instance's mark. */
  processes(): number[] {
    return findByEnvironment(zoneMarker(this.paths.instance)).map(({ pid }) => pid);
  }

  async close(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    }
    for (const pid of this.processes()) process.kill(pid, 'SIGKILL');
    await removeCgroups(this.#groups());
    if (this.uid === 0) rmSync(this.paths.run, { recursive: true, force: true });
    rmSync(this.base, { recursive: true, force: true });
  }

  #groups(): string[] {
    try {
      const record = JSON.parse(readFileSync(this.paths.zonesRecord, 'utf8')) as { cgroups: string[] };
      return record.cgroups;
    } catch {
      return [];
    }
  }

  #options(): { env: Record<string, string>; uid?: number; gid?: number; cwd: string } {
    const env = { HARDSHELL_HOME: this.home, HOME: this.base, PATH: '/usr/bin:/bin' };
    return { env, cwd: '/', ...(isRoot ? { uid: this.uid, gid: this.uid } : {}) };
  }
}

/** The pinned Node, or a copy of it where the checkout is closed to that user. */
function reachableNode(base: string, uid: number): string {
  const reach = spawnSync(process.execPath, ['-v'], isRoot ? { uid, gid: uid } : {});
  if (reach.status === 0) return process.execPath;
  const copy = join(base, 'node');
  copyFileSync(process.execPath, copy);
  chmodSync(copy, 0o755);
  return copy;
}

export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let waited = 0; waited < 1_000; waited++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`waited in vain for ${what}`);
}
