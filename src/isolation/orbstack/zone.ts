import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HardshellError } from '../../contracts/index.ts';
import type { Zone, ZoneExit, ZoneSpec } from '../driver.ts';
import { identifyProcess } from '../inspect.ts';
import { guestCommand, ORB } from './command.ts';
import { exitShape, failedShape, startedShape, type GuestStart } from './guest-wire.ts';
import { GUEST_ROOT, type Machine } from './machines.ts';
import { FRAME, MuxDecoder, MuxWriter, type MuxFrame } from './mux.ts';
import type { OrbstackOptions } from './orbstack.ts';
import { runOrb, startOrb } from './run-orb.ts';

const START_MS_MAX = 30_000;
const STOP_MS_MAX = 1_000;
const CONNECTIONS_MAX = 16;

/** Starts a zone in the guest of a machine and carries its sockets over the standard streams of `orb`. */
export async function startGuestZone(options: OrbstackOptions, machine: Machine, spec: ZoneSpec): Promise<Zone> {
  const { start, bridges } = translate(options, machine, spec);
  const startedAtMs = Date.now();
  const child = startOrb(options, ORB.asRoot(machine, guestCommand('serve', options.instance)).arguments);
  const carrier = new Carrier(child, spec, bridges);
  carrier.start(start);
  const timer = setTimeout(() => child.kill('SIGKILL'), START_MS_MAX);
  await carrier.started.finally(() => clearTimeout(timer));
  const stop = async (): Promise<void> => {
    carrier.stop();
    await Promise.race([carrier.exited, sleep(STOP_MS_MAX)]);
    if (!carrier.hasEnded) {
      // What runs in the guest is no child of ours: it is ended there, then its stream here.
      await runOrb(options, ORB.asRoot(machine, guestCommand('kill', options.instance)), 20_000).catch(() => undefined);
      child.kill('SIGKILL');
    }
    await carrier.exited;
  };
  const identity = child.pid === undefined ? undefined : identifyProcess(child.pid);
  return {
    name: spec.name,
    processes: identity === undefined ? [] : [identity],
    cgroupPaths: [],
    startedAtMs,
    exited: carrier.exited,
    stop,
  };
}

interface Translated {
  readonly start: GuestStart;
  /** Sockets of the Mac, in the order of the guest's numbers. */
  readonly bridges: readonly string[];
}

/** The specification in the guest's paths. Throws a refusal for what a machine cannot have. */
function translate(options: OrbstackOptions, machine: Machine, spec: ZoneSpec): Translated {
  if (
    spec.descriptor !== undefined ||
    spec.network !== 'none' ||
    (spec.sockets !== 'connect' && spec.sockets !== 'none')
  )
    throw refused(`\`${spec.name}\` needs a descriptor, a network or a listener, which no machine gives`);
  const mounts: { from: string; to: string }[] = [];
  const bridges: { directory: string; socket: string; path: string }[] = [];
  const tmp: { to: string; bytesMax: number }[] = [];
  for (const mount of spec.mounts) {
    if (mount.kind === 'tmp') {
      tmp.push({ to: mount.to, bytesMax: mount.bytesMax });
      continue;
    }
    if (mount.kind === 'link') throw refused(`\`${spec.name}\` runs programs of the owner's, which no machine holds`);
    const bridge = options.sockets.find(({ to }) => to === mount.to);
    const target = options.guestDirectories.get(mount.from);
    if (mount.kind === 'read' && bridge !== undefined)
      bridges.push({ directory: mount.to, socket: bridge.socket, path: join(mount.from, bridge.socket) });
    else if (mount.kind === 'read' && target !== undefined)
      mounts.push({ from: `${GUEST_ROOT}/${target}`, to: mount.to });
    else
      throw refused(
        `\`${mount.from}\` cannot be shown to a zone in a machine: it is neither a packed program nor a bridge`,
      );
  }
  const shown = mounts.map(({ from }) => `${from}/`);
  return {
    bridges: bridges.map(({ path }) => path),
    start: {
      name: spec.name,
      uid: machine.uid,
      env: { ...spec.env },
      cwd: spec.cwd,
      arguments: [...spec.program.arguments],
      command: spec.program.kind === 'command' ? spec.program.path : null,
      sockets: spec.sockets,
      limits: spec.limits,
      mounts,
      tmp,
      files: options.files
        .map(({ target, sha256 }) => ({ path: `${GUEST_ROOT}/${target}`, sha256 }))
        .filter(({ path }) => shown.some((prefix) => path.startsWith(prefix))),
      bridges: bridges.map(({ directory, socket }) => ({ directory, socket })),
    },
  };
}

/** The Mac's end of the stream. What comes out of the guest is hostile: sizes, numbers and words are looked at. */
class Carrier {
  readonly started: Promise<undefined>;
  readonly exited: Promise<ZoneExit>;
  hasEnded = false;
  readonly #writer: MuxWriter;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #spec: ZoneSpec;
  readonly #bridges: readonly string[];
  readonly #sockets = new Map<number, Socket>();
  readonly #start = Promise.withResolvers<undefined>();
  #exit: ZoneExit = { kind: 'killed', outOfMemory: false };

  constructor(child: ChildProcessWithoutNullStreams, spec: ZoneSpec, bridges: readonly string[]) {
    this.#child = child;
    this.#spec = spec;
    this.#bridges = bridges;
    this.#writer = new MuxWriter(child.stdin);
    this.started = this.#start.promise;
    this.started.catch(() => undefined);
    const decoder = new MuxDecoder();
    child.stdout.on('data', (chunk: Buffer) => {
      try {
        for (const frame of decoder.push(chunk)) this.#take(frame);
      } catch {
        child.kill('SIGKILL');
      }
    });
    child.stderr.on('data', (chunk: Buffer) => spec.onOutput?.('err', chunk));
    child.once('error', () => this.#start.reject(failed(`\`orb\` could not be run for \`${spec.name}\``)));
    this.exited = new Promise((resolve) => {
      child.once('close', () => {
        this.hasEnded = true;
        for (const socket of this.#sockets.values()) socket.destroy();
        this.#start.reject(failed(`\`${spec.name}\` ended while it started`));
        resolve(this.#exit);
      });
    });
  }

  start(start: GuestStart): void {
    this.#writer.json(FRAME.start, start);
  }

  stop(): void {
    this.#writer.send(FRAME.stop);
  }

  #take({ kind, channel, bytes }: MuxFrame): void {
    switch (kind) {
      case FRAME.started:
        startedShape.parse(JSON.parse(bytes.toString('utf8')));
        this.#start.resolve(undefined);
        return;
      case FRAME.failed:
        this.#start.reject(failed(`\`${this.#spec.name}\` was not started: ${wordsOf(bytes)}`));
        return;
      case FRAME.exited:
        this.#exit = exitShape.parse(JSON.parse(bytes.toString('utf8')));
        this.#child.stdin.end();
        return;
      case FRAME.output:
        this.#spec.onOutput?.(channel === 1 ? 'out' : 'err', Buffer.from(bytes));
        return;
      case FRAME.open:
        this.#open(channel, bytes[0] ?? 255);
        return;
      case FRAME.data:
        this.#sockets.get(channel)?.write(Buffer.from(bytes));
        return;
      case FRAME.end:
        this.#sockets.get(channel)?.end();
        return;
      case FRAME.close:
        this.#sockets.get(channel)?.destroy();
        return;
      case FRAME.start:
      case FRAME.stop:
        throw new Error('a frame that only the Mac sends');
      default:
        kind satisfies never;
    }
  }

  #open(channel: number, bridge: number): void {
    const path = this.#bridges[bridge];
    if (path === undefined || this.#sockets.has(channel)) throw new Error('a connection to nowhere');
    if (this.#sockets.size >= CONNECTIONS_MAX || !existsSync(path)) {
      this.#writer.send(FRAME.close, channel);
      return;
    }
    const socket = createConnection({ path, allowHalfOpen: true });
    this.#sockets.set(channel, socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#sockets.delete(channel);
      this.#writer.send(FRAME.close, channel);
    });
    this.#writer.carry(socket, channel);
  }
}

function wordsOf(bytes: Buffer): string {
  const parsed = failedShape.safeParse(JSON.parse(bytes.toString('utf8')));
  return parsed.success ? parsed.data.message.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 300) : 'without a word';
}

function failed(message: string): HardshellError {
  return new HardshellError('isolation_failed', message, { fate: 'stop' });
}

function refused(message: string): HardshellError {
  return new HardshellError('isolation_failed', message, { fate: 'refuse' });
}
