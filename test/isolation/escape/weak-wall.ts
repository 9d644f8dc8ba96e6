import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import {
  buildSeccompFilter,
  bwrapArguments,
  findBubblewrap,
  type Executed,
  type ExecOptions,
  type ZoneDriver,
  type ZoneExit,
  type ZoneSpec,
} from '../../../src/isolation/index.ts';

/** One thing of the wall taken away, with nothing else changed. */
export type Weakness =
  | 'no filter'
  | 'the host’s network'
  | 'the host’s shared memory'
  | 'the host’s processes'
  | 'the host’s name'
  | 'the host’s files'
  | 'writable mounts'
  | 'a writable /sys'
  | 'root with all capabilities'
  | 'a directory left open'
  | 'no bound on /tmp';

const DESCRIPTOR = { args: 8, filter: 9, leaked: 12 } as const;
const HOST_DIRECTORIES = ['/etc', '/home', '/root', '/sys', '/boot', '/run', '/var', '/bin', '/usr/bin'];

/** Builds the wall of the driver with holes in it and no limits at all: what the list has to find. */
export function weakDriver(like: ZoneDriver, weaknesses: readonly Weakness[]): ZoneDriver {
  return { ...like, limitsHeld: ['memory', 'pids', 'cpu'], exec: (spec, limits) => execWeak(spec, limits, weaknesses) };
}

function weaken(spec: ZoneSpec, weaknesses: readonly Weakness[]): string[] {
  const has = (weakness: Weakness): boolean => weaknesses.includes(weakness);
  const asRoot = has('root with all capabilities');
  const { mounts, env, cwd } = spec;
  const uid = spec.uid ?? process.getuid?.() ?? 0;
  const gid = spec.gid ?? process.getgid?.() ?? 0;
  const shown = has('no bound on /tmp')
    ? mounts.map((mount) => (mount.kind === 'tmp' ? { ...mount, bytesMax: 256 * 1024 * 1024 } : mount))
    : mounts;
  const network = has('the host’s network') ? 'host' : 'none';
  const view = {
    uid,
    gid,
    files: [],
    mounts: shown,
    env,
    cwd,
    network,
    proc: true,
    ownTerminal: false,
    isFirst: false,
  } as const;
  const first: string[] = [];
  let args = bwrapArguments({ ...view, userNamespace: !asRoot });
  const drop = (...names: readonly string[]): void => {
    const at = args.findIndex((_, i) => names.every((name, n) => args[i + n] === name));
    if (at >= 0) args.splice(at, names.length);
  };
  drop('--json-status-fd', '4');
  drop('--block-fd', '5');
  if (has('no filter')) drop('--seccomp', '9');
  if (has('the host’s shared memory')) drop('--unshare-ipc');
  if (has('the host’s name')) {
    drop('--unshare-uts');
    drop('--hostname', 'zone');
  }
  if (has('the host’s processes')) {
    drop('--unshare-pid');
    drop('--proc', '/proc');
    first.push('--bind', '/proc', '/proc');
  }
  if (has('writable mounts')) {
    args = args.map((word) => (word === '--ro-bind' ? '--bind' : word));
    for (const path of ['/', '/dev']) drop('--remount-ro', path);
    first.push('--dir', '/etc', '--dir', '/lib', '--dir', '/run');
  }
  const files = has('the host’s files') ? HOST_DIRECTORIES.flatMap((path) => ['--ro-bind-try', path, path]) : [];
  if (has('a writable /sys')) first.push('--bind', '/sys', '/sys');
  if (asRoot) {
    drop('--cap-drop', 'ALL');
    drop('--dev', '/dev');
    drop('--remount-ro', '/dev');
    first.push('--cap-add', 'ALL', '--dev-bind', '/dev', '/dev');
  }
  return [...files, ...first, ...args];
}

function execWeak(
  spec: ZoneSpec,
  { timeoutMs, outputBytesMax }: ExecOptions,
  weaknesses: readonly Weakness[],
): Promise<Executed> {
  const asRoot = weaknesses.includes('root with all capabilities');
  if (spec.program.kind !== 'command') throw new Error('the list runs commands');
  const { sockets, watch, profile } = spec;
  const arch = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const filter = buildSeccompFilter({ arch, sockets, watch, profile, changeUid: false });
  const stdio: ('ignore' | 'pipe' | number)[] = Array.from({ length: 13 }, () => 'ignore' as const);
  const filtered = !weaknesses.includes('no filter');
  for (const fd of [1, 2, DESCRIPTOR.args, ...(filtered ? [DESCRIPTOR.filter] : [])]) stdio[fd] = 'pipe';
  const leaked = weaknesses.includes('a directory left open') ? openSync('/', 'r') : undefined;
  if (leaked !== undefined) stdio[DESCRIPTOR.leaked] = leaked;
  const command = [findBubblewrap() ?? '', '--args', String(DESCRIPTOR.args), '--', spec.program.path];
  const [file = '', ...args] = command;
  const ids =
    asRoot || spec.uid === undefined ? {} : { uid: spec.uid, ...(spec.gid === undefined ? {} : { gid: spec.gid }) };
  const child = spawn(file, args, { ...ids, env: {}, cwd: '/', stdio, timeout: timeoutMs, killSignal: 'SIGKILL' });
  if (leaked !== undefined) closeSync(leaked);
  const kept: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  for (const name of ['stdout', 'stderr'] as const) child[name]?.on('data', (chunk: Buffer) => kept[name].push(chunk));
  const feed = (fd: number, bytes: string | Buffer): void => {
    const stream = child.stdio[fd];
    if (stream === null || stream === undefined || !('end' in stream)) return;
    stream.on('error', () => undefined);
    stream.end(bytes);
  };
  feed(DESCRIPTOR.args, `${weaken(spec, weaknesses).join('\0')}\0`);
  feed(DESCRIPTOR.filter, filter);
  return new Promise((resolve) => {
    child.once('close', (code) => {
      const stdout = Buffer.concat(kept.stdout).subarray(0, outputBytesMax);
      resolve({ exit: endOf(code), stdout, stderr: Buffer.concat(kept.stderr) });
    });
  });
}

function endOf(code: number | null): ZoneExit {
  if (code === 159) return { kind: 'tampered' };
  if (code === null || code === 137) return { kind: 'killed', outOfMemory: false };
  return { kind: 'exited', code };
}
