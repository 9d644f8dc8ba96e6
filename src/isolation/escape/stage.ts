import { randomBytes, randomInt } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { ZoneSpec } from '../driver.ts';
import { nativeArch, type SyscallArch } from '../syscalls.ts';
import { EXIT_OF_EXIT_PROGRAM, type Staged } from './attempt.ts';
import { buildProgram, NONCE_BYTES, type Program, type Section } from './program.ts';
import { startOutside } from './run-outside.ts';
import { layOut, makeSocketDirectory, openSocket, PART, removeLeft, removeStage } from './stage-files.ts';
import { answerDatagrams, listen, type Made } from './stage-servers.ts';
import { call, into, result, scratch, text } from './steps.ts';

/** What the prober set up outside, so that an attempt that gets out has something to find. */
export interface Stage {
  readonly directory: string;
  /** The stage as a twin finds it. */
  readonly outside: Staged;
  /** Builds a program and puts it where zones can read it. */
  readonly write: (sections: readonly Section[]) => WrittenProgram;
  /** A socket directory as zones of that uid get theirs, on the host. */
  readonly socketDirectory: (zone: Pick<ZoneSpec, 'uid' | 'gid'>) => Promise<string>;
  /** Takes everything away. Safe to call twice. */
  readonly close: () => Promise<void>;
}

export interface WrittenProgram extends Program {
  readonly path: string;
  /** Its name in `programs`. */
  readonly name: string;
}

const PROGRAM_MODE = 0o755;

/**
 * Sets the stage in a new directory below `parent`, which the uids of zones must be able to reach, from which programs
 * may be run (not mounted `noexec`), and which no zone is shown. Throws where it cannot be made.
 */
export async function openStage({ parent = tmpdir(), arch = nativeArch() } = {}): Promise<Stage> {
  removeLeft(parent);
  const directory = layOut(parent);
  const closers: (() => Promise<void>)[] = [() => Promise.resolve(removeStage(directory))];
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= closeAll(closers);
    return closing;
  };
  try {
    const write = writerIn(directory, arch);
    const keep = async <T>(made: Promise<Made<T>>): Promise<T> => {
      const { value, close: closeOne } = await made;
      closers.push(closeOne);
      return value;
    };
    const servers = await openServers(directory, keep);
    const { pid: victimPid, ipcKey } = await keep(startKeeper(write));
    const outside = {
      ...factsOfHost(),
      ...placesIn(directory),
      ...servers,
      arch,
      ipcKey,
      victimPid,
      neighbourPid: victimPid,
      exitProgram: exitProgram(arch),
    };
    const made = new Map<string, Promise<string>>();
    const socketDirectory: Stage['socketDirectory'] = ({ uid, gid }) => {
      const owner = uid === undefined || gid === undefined || !isRoot() ? undefined : { uid, gid };
      const path = join(directory, owner === undefined ? 'zone' : `zone-${owner.uid}`);
      const found =
        made.get(path) ?? makeSocketDirectory(path, owner, (at) => keep(listen({ path: at }))).then(() => path);
      made.set(path, found);
      return found;
    };
    return { directory, outside, write, socketDirectory, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function closeAll(closers: readonly (() => Promise<void>)[]): Promise<void> {
  for (const one of closers.toReversed()) await one();
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function writerIn(directory: string, arch: SyscallArch): Stage['write'] {
  return (sections) => {
    const program = buildProgram(arch, sections, randomBytes(NONCE_BYTES));
    const name = randomBytes(8).toString('hex');
    const path = join(directory, PART.programs, name);
    writeFileSync(path, program.image, { flag: 'wx', mode: PROGRAM_MODE });
    // Whatever mask we run with.
    chmodSync(path, PROGRAM_MODE);
    return { ...program, path, name };
  };
}

type Keep = <T>(made: Promise<Made<T>>) => Promise<T>;
type Servers = Pick<Staged, 'tcp4' | 'tcp6' | 'udp4' | 'udp6' | 'abstractName' | 'hostSocket' | 'otherZoneSocket'>;

async function openServers(directory: string, keep: Keep): Promise<Servers> {
  const abstractName = `hardshell-escape-${randomBytes(6).toString('hex')}`;
  const hostSocket = join(directory, 'host.sock');
  const otherZoneSocket = join(directory, PART.other, 'zone.sock');
  await keep(listen({ path: `\0${abstractName}` }));
  for (const path of [hostSocket, otherZoneSocket]) {
    await keep(listen({ path }));
    openSocket(path);
  }
  await makeSocketDirectory(join(directory, PART.own), undefined, (path) => keep(listen({ path })));
  return {
    abstractName,
    hostSocket,
    otherZoneSocket,
    tcp4: await keep(listen({ host: '127.0.0.1', port: 0 })),
    tcp6: await keep(listen({ host: '::1', port: 0, ipv6Only: true })),
    udp4: await keep(answerDatagrams('udp4', '127.0.0.1')),
    udp6: await keep(answerDatagrams('udp6', '::1')),
  };
}

const IPC = { create: 0o3666, remove: 0 } as const;

/**
 * A process that has a segment, a queue and a semaphore under one key, and waits: what an attempt would read, signal or
 * take over. When we end, however that comes, its standard input does too, and it takes away what no kernel would.
 */
async function startKeeper(write: Stage['write']): Promise<Made<{ readonly pid: number; readonly ipcKey: number }>> {
  const ipcKey = randomInt(0x10000, 0x7fffffff);
  const program = write([
    {
      id: 'keeper',
      steps: [
        into('memory', 'shmget', ipcKey, 64, IPC.create),
        into('queue', 'msgget', ipcKey, IPC.create),
        into('semaphore', 'semget', ipcKey, 1, IPC.create),
        into('ready', 'write', 1, text('!'), 1),
        into('over', 'read', 0, scratch('word', 16), 1),
        into('removed', 'shmctl', result('memory'), IPC.remove, 0),
        into('removed', 'msgctl', result('queue'), IPC.remove, 0),
        into('removed', 'semctl', result('semaphore'), 0, IPC.remove, 0),
      ],
    },
  ]);
  const { value: pid, close } = await startOutside(program.path);
  return { value: { pid, ipcKey }, close };
}

function exitProgram(arch: SyscallArch): Buffer {
  const steps = [call('exit_group', EXIT_OF_EXIT_PROGRAM)];
  return buildProgram(arch, [{ id: 'exit', steps }], Buffer.alloc(NONCE_BYTES)).image;
}

type Places = Pick<Staged, 'inside' | 'canary' | 'socketDirectory' | 'writable' | 'shown'>;

function placesIn(directory: string): Places {
  return {
    inside: false,
    canary: join(directory, 'canary'),
    socketDirectory: join(directory, PART.own),
    writable: join(directory, PART.writable),
    shown: [
      { path: join(directory, PART.shown), kind: 'directory' },
      { path: join(directory, PART.shown, 'file'), kind: 'file' },
    ],
  };
}

type Facts = Pick<Staged, 'hostPid' | 'hostName' | 'homes' | 'resolvers' | 'disks' | 'cgroupFiles'>;
const RESOLVERS_MAX = 3;
const DISKS_MAX = 4;
const CGROUP_FILES_MAX = 12;

function factsOfHost(): Facts {
  const resolvers = [...readText('/etc/resolv.conf').matchAll(/^nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$/gm)];
  const groups = listNames('/sys/fs/cgroup').filter((name) => !name.includes('.'));
  const cgroupFiles = ['', ...groups.map((name) => `${name}/`)].flatMap((name) =>
    ['release_agent', 'cgroup.procs'].map((file) => `/sys/fs/cgroup/${name}${file}`),
  );
  return {
    hostPid: process.pid,
    hostName: hostname(),
    homes: [userInfo().homedir],
    resolvers: resolvers.flatMap(([, address]) => (address === undefined ? [] : [address])).slice(0, RESOLVERS_MAX),
    disks: listNames('/sys/block')
      .filter((name) => !/^(?:loop|ram|zram|dm-|sr)/.test(name))
      .map((name) => `/dev/${name}`)
      .slice(0, DISKS_MAX),
    cgroupFiles: cgroupFiles.filter((path) => existsSync(path)).slice(0, CGROUP_FILES_MAX),
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function listNames(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
