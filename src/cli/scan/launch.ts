import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import type { Extract } from '../../contracts/index.ts';
import {
  findBubblewrap,
  findRuntime,
  findWall,
  openDriver,
  openLibrary,
  permissionFlags,
  type ZoneExit,
  type ZoneSpec,
} from '../../isolation/index.ts';
import { HardshellError } from '../../contracts/index.ts';
import { instancePaths } from '../../state/index.ts';
import { makeSocketPair } from './socket-pair.ts';

/** One running reader. `exited` says how it ended; `stop` ends it, and resolves when nothing of it runs. */
export interface LaunchedReader {
  readonly socket: Socket;
  readonly exited: Promise<ReaderEnd>;
  readonly stop: () => Promise<void>;
}

export type ReaderEnd = 'ended' | 'crashed' | 'out_of_memory';

export type Channel = Extract['channel'];

export interface ReaderLauncher {
  /** A reader of one channel. */
  readonly launch: (channel: Channel) => Promise<LaunchedReader>;
  readonly close: () => Promise<void>;
}

export interface LauncherOptions {
  readonly home: string;
  /** Where `dist/` lies. */
  readonly checkout: string;
  readonly node: string;
  readonly memoryBytesMax?: number;
}

const MIB = 1_048_576;
/** Uids that no account has, apart from those that a running instance gives out. */
const UID_FIRST = 61_600;
const UID_COUNT = 256;
/** SIGABRT, and what is left of it for a first process, which ignores it: the trap behind it (SIGSEGV, SIGILL, SIGTRAP). */
const ABORTED = new Set([134, 139, 132, 133]);

/**
 * Starts batch readers behind the same wall as the live ones: own namespaces, filter, no network, nothing of the host,
 * one socket. Beside a running instance and apart from it. Throws `isolation_failed` where no wall can be built.
 */
export async function openLauncher(options: LauncherOptions): Promise<ReaderLauncher> {
  const isRoot = process.getuid?.() === 0;
  const instance = createHash('sha256')
    .update(`scan\0${options.home}\0`)
    .update(randomBytes(16))
    .digest('hex')
    .slice(0, 8);
  let runtime = await findRuntime(options.node);
  const found = await findWall(findBubblewrap());
  if (!found.ok)
    throw new HardshellError('isolation_failed', `readers cannot be walled in here: ${found.reason}; ${found.remedy}`, {
      fate: 'refuse',
    });
  const driver = openDriver(found, { instance, runtime: () => runtime });
  let program = join(options.checkout, 'dist', 'reader');
  let probe = join(options.checkout, 'dist', 'probe');
  if (isRoot) {
    // Uids of zones cannot read a checkout below /root: they get copies by digest, shared with a running instance.
    const library = openLibrary(makeLibraryFolder(options.home));
    runtime = { ...runtime, node: await library.file(runtime.node) };
    [program, probe] = [await library.directory(program), await library.directory(probe)];
  }
  const uids = isRoot ? freeUids() : [];
  let started = 0;
  // Two scans at once do not begin with the same uid.
  const firstUid = randomBytes(1)[0] ?? 0;
  return {
    launch: async (channel) => {
      started += 1;
      const uid = uids[(firstUid + started) % Math.max(1, uids.length)];
      const [near, far] = await makeSocketPair();
      const memoryBytesMax = options.memoryBytesMax ?? 256 * MIB;
      const spec = readerSpec({ name: `scan-${started}`, channel, uid, program, probe, memoryBytesMax, far });
      try {
        const zone = await driver.create(spec);
        return { socket: near, exited: zone.exited.then(endOf), stop: () => zone.stop() };
      } catch (error) {
        near.destroy();
        throw error;
      }
    },
    close: () => driver.destroy(),
  };
}

interface SpecOptions {
  readonly name: string;
  readonly channel: Channel;
  readonly uid: number | undefined;
  readonly program: string;
  readonly probe: string;
  readonly memoryBytesMax: number;
  readonly far: Socket;
}

function readerSpec({ name, channel, uid, program, probe, memoryBytesMax, far }: SpecOptions): ZoneSpec {
  return {
    name,
    ...(uid === undefined ? {} : { uid, gid: uid }),
    mounts: [
      { kind: 'tmp', to: '/tmp', bytesMax: 16 * MIB },
      { kind: 'read', from: program, to: '/app' },
      { kind: 'read', from: probe, to: '/probe' },
    ],
    env: { HOME: '/tmp', NODE_ENV: 'production', HARDSHELL_CHANNEL: channel, HARDSHELL_FD: '3' },
    cwd: '/app',
    program: {
      kind: 'node',
      arguments: [
        `--max-old-space-size=${Math.max(32, Math.floor((memoryBytesMax / MIB) * 0.6))}`,
        // A batch is over before the last compiler has paid for itself: without it a thousand messages cost no more and hold less memory.
        '--no-opt',
        '--disallow-code-generation-from-strings',
        '--disable-warning=ExperimentalWarning',
        ...permissionFlags(['/app', '/probe']),
        '--import',
        '/probe/main.mjs',
        '/app/main.mjs',
        '--batch',
      ],
    },
    profile: 'builtin',
    network: 'none',
    proc: true,
    sockets: 'none',
    watch: false,
    limits: { memoryBytesMax, tasksMax: 32, cpus: 1 },
    descriptor: far,
  };
}

function endOf(exit: ZoneExit): ReaderEnd {
  if (exit.kind === 'killed' && exit.outOfMemory) return 'out_of_memory';
  // V8 aborts when its heap is full.
  if (exit.kind === 'exited' && ABORTED.has(exit.code)) return 'out_of_memory';
  return exit.kind === 'exited' && exit.code === 0 ? 'ended' : 'crashed';
}

function makeLibraryFolder(home: string): string {
  const library = instancePaths(home, 0).library ?? join('/run', 'hardshell-scan', 'lib');
  mkdirSync(dirname(library), { recursive: true, mode: 0o711 });
  mkdirSync(library, { recursive: true, mode: 0o755 });
  return library;
}

function freeUids(): readonly number[] {
  const named = new Set(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => Number(line.split(':')[2])),
  );
  return Array.from({ length: UID_COUNT }, (_, i) => UID_FIRST + i).filter((uid) => !named.has(uid));
}
