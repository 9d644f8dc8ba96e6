import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createBubblewrapDriver } from '../bubblewrap.ts';
import { zoneMarker } from '../strays.ts';
import { killCgroups } from '../cgroup.ts';
import type { Mount } from '../bwrap-args.ts';
import type { Zone, ZoneDriver, ZoneSpec } from '../driver.ts';
import { findByEnvironment, killProcess } from '../inspect.ts';
import { findRuntime } from '../runtime.ts';
import { startShape, type GuestProbe, type GuestStart } from './guest-wire.ts';
import { FRAME, MuxDecoder, MuxWriter, type MuxFrame } from './mux.ts';

const RUN = '/run/hardshell-guest';
const CONNECTIONS_MAX = 16;

/** Opens the driver of the guest: the same bubblewrap wall as on any Linux machine, run by the guest's root. */
export async function openGuestDriver(instance: string): Promise<ZoneDriver> {
  const runtime = await findRuntime(process.execPath);
  return createBubblewrapDriver({ instance, runtime: () => runtime });
}

export async function probeGuest(instance: string): Promise<GuestProbe> {
  const driver = await openGuestDriver(instance);
  const probe = await driver.probe();
  const { mode, limitsHeld } = driver;
  return {
    ok: probe.ok,
    mode,
    limitsHeld: [...limitsHeld],
    problem: probe.ok ? null : `${probe.reason}; ${probe.remedy}`,
  };
}

/** Ends every zone of the instance in this guest, without the process that started it. Returns how many were found. */
export async function killGuest(instance: string): Promise<number> {
  const driver = await openGuestDriver(instance);
  killCgroups(driver.cgroupPaths);
  const found = findByEnvironment(zoneMarker(instance));
  for (const process of found) killProcess(process);
  await driver.destroy();
  return found.length;
}

/** Serves one zone over standard streams; resolves when it is gone. The Mac going away ends the zone. */
export async function serveGuest(instance: string): Promise<void> {
  const writer = new MuxWriter(process.stdout);
  const guest = new Guest(writer, await openGuestDriver(instance));
  const decoder = new MuxDecoder();
  process.stdin.on('data', (chunk: Buffer) => {
    try {
      for (const frame of decoder.push(chunk)) guest.take(frame);
    } catch {
      void guest.stop();
    }
  });
  process.stdin.once('end', () => void guest.stop());
  process.stdin.once('error', () => void guest.stop());
  process.stdout.on('error', () => void guest.stop());
  await guest.ended;
}

class Guest {
  readonly ended: Promise<undefined>;
  readonly #writer: MuxWriter;
  readonly #driver: ZoneDriver;
  readonly #finish: () => void;
  readonly #sockets = new Map<number, Socket>();
  readonly #servers: Server[] = [];
  #directory: string | undefined;
  #starting: Promise<Zone | undefined> | undefined;
  #channels = 0;

  constructor(writer: MuxWriter, driver: ZoneDriver) {
    this.#writer = writer;
    this.#driver = driver;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.ended = promise;
    this.#finish = () => resolve(undefined);
  }

  take(frame: MuxFrame): void {
    const socket = this.#sockets.get(frame.channel);
    switch (frame.kind) {
      case FRAME.start:
        this.#starting ??= this.#start(frame.bytes);
        return;
      case FRAME.stop:
        void this.stop();
        return;
      case FRAME.data:
        socket?.write(frame.bytes);
        return;
      case FRAME.end:
        socket?.end();
        return;
      case FRAME.close:
        socket?.destroy();
        return;
      case FRAME.started:
      case FRAME.exited:
      case FRAME.failed:
      case FRAME.output:
      case FRAME.open:
        throw new Error('a frame that only a guest sends');
      default:
        frame.kind satisfies never;
    }
  }

  async stop(): Promise<void> {
    const zone = await this.#starting;
    if (zone === undefined) this.#close();
    else await zone.stop();
  }

  async #start(bytes: Buffer): Promise<Zone | undefined> {
    try {
      const asked = startShape.parse(JSON.parse(bytes.toString('utf8')));
      for (const { path, sha256 } of asked.files)
        if (createHash('sha256').update(readFileSync(path)).digest('hex') !== sha256)
          throw new Error(`\`${path}\` is not what was sent`);
      const zone = await this.#driver.create(this.#specOf(asked, await this.#listen(asked)));
      this.#writer.json(FRAME.started, { mode: this.#driver.mode });
      void zone.exited.then((exit) => {
        this.#writer.json(FRAME.exited, exit);
        this.#close();
      });
      return zone;
    } catch (error) {
      this.#writer.json(FRAME.failed, { message: error instanceof Error ? error.message.slice(0, 500) : 'failed' });
      this.#close();
      return undefined;
    }
  }

  /** A listener for each bridge, in a directory that the zone may pass and never write. */
  async #listen(asked: GuestStart): Promise<Mount[]> {
    mkdirSync(RUN, { recursive: true, mode: 0o711 });
    this.#directory = mkdtempSync(join(RUN, 'zone-'));
    chmodSync(this.#directory, 0o711);
    const mounts: Mount[] = [];
    for (const [index, bridge] of asked.bridges.entries()) {
      const path = join(this.#directory, String(index));
      mkdirSync(path, { mode: 0o700 });
      chownSync(path, 0, asked.uid);
      chmodSync(path, 0o2750);
      const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket, index));
      server.maxConnections = CONNECTIONS_MAX;
      this.#servers.push(server);
      const socket = join(path, bridge.socket);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(socket, resolve);
      });
      chmodSync(socket, 0o660);
      mounts.push({ kind: 'read', from: path, to: bridge.directory });
    }
    return mounts;
  }

  #accept(socket: Socket, bridge: number): void {
    this.#channels += 1;
    const channel = this.#channels;
    this.#sockets.set(channel, socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#sockets.delete(channel);
      this.#writer.send(FRAME.close, channel);
    });
    this.#writer.send(FRAME.open, channel, Buffer.from([bridge]));
    this.#writer.carry(socket, channel);
  }

  #specOf(asked: GuestStart, bridges: readonly Mount[]): ZoneSpec {
    return {
      name: asked.name,
      uid: asked.uid,
      gid: asked.uid,
      mounts: [
        ...asked.tmp.map((tmp): Mount => ({ kind: 'tmp', ...tmp })),
        ...asked.mounts.map((mount): Mount => ({ kind: 'read', ...mount })),
        ...bridges,
      ],
      env: asked.env,
      cwd: asked.cwd,
      program:
        asked.command === null
          ? { kind: 'node', arguments: asked.arguments }
          : { kind: 'command', path: asked.command, arguments: asked.arguments },
      profile: 'builtin',
      network: 'none',
      proc: true,
      sockets: asked.sockets,
      watch: false,
      limits: asked.limits,
      onOutput: (stream, chunk) => this.#writer.send(FRAME.output, stream === 'out' ? 1 : 2, chunk),
    };
  }

  #close(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
    for (const server of this.#servers) server.close();
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
    // The last frames leave before the process does.
    setTimeout(this.#finish, 20);
  }
}
