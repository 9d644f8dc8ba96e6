import { createConnection, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CONNECTOR_NAMES, HardshellError, type ConnectorName, type ZoneProfile } from '../contracts/index.ts';
import type { ZoneExit } from '../isolation/index.ts';
import type { Listener } from '../bridge/index.ts';
import { BackOff } from './back-off.ts';
import { lastWords, sizeOfLog } from './last-words.ts';
import { startRelay, type Relay } from './relay.ts';
import { requireProof } from './proof.ts';
import { serveSupervisor } from './serve.ts';
import { INSIDE } from './inside.ts';
import { Zones, type ZonesOptions } from './zones.ts';

export interface SupervisorOptions extends ZonesOptions {
  readonly socketPath: string;
  readonly epoch: number;
  readonly firstStart: boolean;
  /** Asked every 100 ms and before each start; anything but true stops everything. */
  readonly isArmed: () => boolean;
  /** What a person should know, in a sentence: restarts, incidents. */
  readonly tell: (sentence: string) => void;
}

/** Why the supervisor ended. */
export type EndReason = 'asked' | 'record_void' | 'incident' | 'start_failed';

export interface Supervisor {
  /** Resolves when every process serves; rejects when the first start of one failed. */
  readonly ready: Promise<void>;
  /** Resolves when nothing of the instance runs. */
  readonly ended: Promise<EndReason>;
  readonly stopAll: (reason: EndReason) => Promise<{ zones: number; elapsedMs: number }>;
}

const POLL_MS = 100;
const READY_MS_MAX = 30_000;

export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const running = new RunningSupervisor(options);
  await running.listen();
  return running;
}

class RunningSupervisor implements Supervisor {
  readonly ended: Promise<EndReason>;
  readonly ready: Promise<void>;
  readonly #options: SupervisorOptions;
  readonly #zones: Zones;
  readonly #end: (reason: EndReason) => void;
  readonly #poll: NodeJS.Timeout;
  readonly #backOff = new BackOff();
  #executorReady = Promise.withResolvers<undefined>();
  #isReady = false;
  #stopping: Promise<{ zones: number; elapsedMs: number }> | undefined;
  #listener: Listener | undefined;
  #relay: Relay | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#zones = new Zones(options);
    const ended = Promise.withResolvers<EndReason>();
    this.ended = ended.promise;
    this.#end = ended.resolve;
    this.#poll = setInterval(() => {
      if (!this.#armed()) void this.stopAll('record_void');
    }, POLL_MS);
    const ready = Promise.withResolvers<undefined>();
    this.ready = ready.promise;
    this.#begin = () => void this.#startAll().then(() => ready.resolve(undefined), ready.reject);
  }

  readonly #begin: () => void;

  async listen(): Promise<void> {
    this.#listener = await serveSupervisor({
      options: this.#options,
      zones: this.#zones,
      isReady: () => this.#isReady,
      isArmed: () => this.#armed(),
      isStopping: () => this.#stopping !== undefined,
      onReady: () => this.#executorReady.resolve(undefined),
      stopAll: () => this.stopAll('asked'),
    });
    this.#begin();
  }

  stopAll(reason: EndReason): Promise<{ zones: number; elapsedMs: number }> {
    this.#stopping ??= this.#stop(reason);
    return this.#stopping;
  }

  async #stop(reason: EndReason): Promise<{ zones: number; elapsedMs: number }> {
    const startedAt = performance.now();
    clearInterval(this.#poll);
    this.#relay?.close();
    const zones = await this.#zones.stopAll();
    // The answer to whoever asked leaves before the socket does.
    setTimeout(() => void this.#listener?.close().then(() => this.#end(reason)), 20);
    return { zones, elapsedMs: Math.round(performance.now() - startedAt) };
  }

  #armed(): boolean {
    try {
      return this.#options.isArmed();
    } catch {
      return false;
    }
  }

  async #startAll(): Promise<void> {
    requireProof(await this.#zones.prove('start'));
    if (this.#stopping !== undefined) return;
    await this.#startExecutor(this.#options.firstStart);
    // Before those who look for its sockets.
    await this.#startEgress();
    await Promise.all([...CONNECTOR_NAMES.map((name) => this.#startConnector(name)), this.#startModel()]);
    this.#isReady = true;
  }

  async #startExecutor(firstStart: boolean): Promise<void> {
    this.#executorReady = Promise.withResolvers<undefined>();
    const { logs } = this.#options;
    const log = join(logs, 'zone1-executor.log');
    const written = sizeOfLog(log);
    const { name, exited } = await this.#zones.start({ profile: 'executor', firstStart });
    const ended = exited.then((exit) => {
      const why = lastWords(log, written, { inside: INSIDE.home, home: dirname(logs) });
      const what =
        why === null ? `ended while it started (${describe(exit)}); see` : `did not start: ${why}; its log is`;
      throw new HardshellError('unavailable', `the executor ${what} \`${log}\``, { fate: 'stop' });
    });
    ended.catch(() => undefined);
    try {
      await Promise.race([
        this.#executorReady.promise,
        ended,
        timeOut(READY_MS_MAX, 'the executor was not ready in time'),
      ]);
    } catch (error) {
      await this.#zones.stop(name);
      throw error;
    }
    // Whoever knew about these is gone; the next executor asks for its own.
    const allGone = exited.then(async (exit) => {
      const connectors = CONNECTOR_NAMES.map((connector) => this.#zones.stop(`connector-${connector}`));
      await Promise.all([this.#zones.stopSpawned(), ...connectors]);
      return exit;
    });
    this.#keepUp('executor', allGone, () => this.#startExecutor(false));
  }

  async #startEgress(): Promise<void> {
    if (this.#options.places.egress === undefined) return;
    const { exited } = await this.#zones.start({ profile: 'egress' });
    this.#keepUp('egress', exited, () => this.#startEgress());
  }

  async #startConnector(connector: ConnectorName): Promise<void> {
    const profile = `connector-${connector}` as const;
    const descriptor = await connectQuietly(join(this.#options.places.run, profile, 'connector.sock'));
    const { exited } = await this.#zones.start({ profile, descriptor });
    this.#keepUp(profile, exited, () => this.#startConnector(connector));
  }

  async #startModel(): Promise<void> {
    const { model } = this.#options.places;
    if (model === undefined) return;
    this.#relay ??= await startRelay(join(this.#zones.makeRelayDirectory(), 'relay.sock'), model, 0o660);
    const { exited } = await this.#zones.start({ profile: 'model' });
    this.#keepUp('model', exited, () => this.#startModel());
  }

  /** Weather is answered by a restart with back-off; a sign of tampering by a stop of everything. */
  #keepUp(profile: ZoneProfile, exited: Promise<ZoneExit>, start: () => Promise<void>): void {
    const startedAt = performance.now();
    void exited.then(async (exit) => {
      if (this.#stopping !== undefined) return;
      if (exit.kind === 'tampered' || exit.kind === 'probe_failed') {
        this.#options.tell(
          `${profile} ${describe(exit)}: everything is stopped; look at its log before the next \`hardshell up\``,
        );
        await this.stopAll('incident');
        return;
      }
      for (let livedMs = performance.now() - startedAt; this.#stopping === undefined; livedMs = 0) {
        const waitMs = this.#backOff.next(profile, livedMs);
        this.#options.tell(`${profile} ended (${describe(exit)}); starting it again in ${waitMs} ms`);
        await sleep(waitMs, undefined, { ref: true });
        if (this.#stopping !== undefined || !this.#armed()) return;
        this.#zones.countRestart(profile);
        try {
          await start();
          return;
        } catch (error) {
          this.#options.tell(`${profile} did not start: ${error instanceof Error ? error.message : 'unknown'}`);
        }
      }
    });
  }
}

/** Connected and not read from: what the executor says first belongs to the connector. */
async function connectQuietly(path: string): Promise<Socket> {
  const deadline = performance.now() + 5_000;
  for (;;) {
    try {
      return await new Promise((resolve, reject) => {
        const socket = createConnection({ path });
        socket.pause();
        socket.once('error', reject);
        socket.once('connect', () => {
          socket.off('error', reject);
          socket.on('error', () => undefined);
          resolve(socket);
        });
      });
    } catch (cause) {
      if (performance.now() > deadline) {
        throw new HardshellError('unavailable', `the executor does not listen on \`${path}\``, {
          fate: 'retry',
          cause,
        });
      }
      await sleep(20);
    }
  }
}

function describe(exit: ZoneExit): string {
  switch (exit.kind) {
    case 'exited':
      return `exit code ${exit.code}`;
    case 'killed':
      return exit.outOfMemory ? 'out of memory' : 'killed';
    case 'tampered':
      return 'made a call that no honest program makes';
    case 'probe_failed':
      return 'found its wall open';
    default:
      return exit satisfies never;
  }
}

async function timeOut(ms: number, message: string): Promise<never> {
  await sleep(ms, undefined, { ref: false });
  throw new HardshellError('timeout', message, { fate: 'stop' });
}
