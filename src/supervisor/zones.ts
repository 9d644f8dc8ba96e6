import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HardshellError, type ZoneEvent, type ZoneProfile, type ZoneState } from '../contracts/index.ts';
import {
  identifyProcess,
  type Zone,
  type ZoneDriver,
  type ZoneExit,
  type ZoneLimits,
  type ZoneSpec,
} from '../isolation/index.ts';
import { EventLog } from './events.ts';
import { keepHarmlessLines, openLogFile } from './log-file.ts';
import {
  lendTemplates,
  linkModelSocket,
  makeSocketDirectory,
  removeEntry,
  shareModelBridges,
  UidPool,
  type Ids,
} from './places.ts';
import { zoneSpec, type TablePlaces } from './table.ts';

/** Directories of the packed program and of the self-probe, as the zone's uid may read them. */
export type FindProgram = (name: string, forZoneUid: boolean) => Promise<string>;

export interface ZonesOptions {
  readonly driver: ZoneDriver;
  readonly places: TablePlaces;
  readonly zonesRecord: string;
  readonly logs: string;
  readonly logBytesMax: number;
  readonly limits: Readonly<Record<ZoneProfile, ZoneLimits>>;
  readonly findProgram: FindProgram;
}

export interface StartOptions {
  readonly profile: ZoneProfile;
  readonly session?: string | null;
  readonly standing?: boolean;
  readonly firstStart?: boolean;
  readonly descriptor?: ZoneSpec['descriptor'];
}

interface Running {
  readonly profile: ZoneProfile;
  readonly session: string | null;
  readonly zone: Zone;
  readonly ids: Ids | undefined;
}

const PROGRAM: Readonly<Record<ZoneProfile, string>> = {
  executor: 'executor',
  'connector-maildir': 'connector',
  'reader-email': 'reader',
  planner: 'planner',
  model: 'model',
};
const ZONES_MAX = 128;

/** Every process that the supervisor started and that has not ended. */
export class Zones {
  readonly events = new EventLog();
  readonly #options: ZonesOptions;
  readonly #running = new Map<string, Running>();
  readonly #starting = new Set<string>();
  readonly #restarts = new Map<string, number>();
  readonly #uids = new UidPool();
  readonly #stoppedByUs = new Set<string>();
  /** The model's uid, for as long as we run: the directories it serves planners from belong to it. */
  readonly #modelIds: Ids | undefined;
  #readers = 0;
  #closed = false;

  constructor(options: ZonesOptions) {
    this.#options = options;
    this.#modelIds = options.driver.mode === 'F' ? this.#uids.take() : undefined;
    shareModelBridges(join(options.places.run, 'model-bridges'), this.#modelIds);
    this.#record();
  }

  /** Starts a process of the table; resolves once it runs behind a checked wall. */
  async start(options: StartOptions): Promise<{ name: string; exited: Promise<ZoneExit> }> {
    const { profile } = options;
    const name = this.#nameOf(options);
    if (this.#closed) throw new HardshellError('killed', 'everything is being stopped', { fate: 'refuse' });
    if (this.#running.has(name) || this.#starting.has(name)) {
      throw new HardshellError('unavailable', `\`${name}\` runs already`, { fate: 'refuse' });
    }
    if (this.#running.size + this.#starting.size >= ZONES_MAX) {
      throw new HardshellError('overloaded', `${ZONES_MAX} zones run already`, { fate: 'retry' });
    }
    this.#starting.add(name);
    const ids = this.#takeIds(profile);
    try {
      this.#makeDirectories(profile, name, ids);
      const session = options.session ?? null;
      const zone = await this.#options.driver.create(await this.#spec(options, { name, ids, session }));
      this.#running.set(name, { profile, session, zone, ids });
      this.#record();
      this.events.add({ kind: 'started', name, profile, session, code: null });
      const exited = zone.exited.then((exit) => this.#onExit(name, exit));
      // A stop that came while this one started has not seen it.
      if (this.#closed) await zone.stop();
      return { name, exited };
    } catch (error) {
      this.#removeDirectories(profile, name);
      this.#giveBackIds(ids);
      throw error;
    } finally {
      this.#starting.delete(name);
    }
  }

  /** True when it ran; it is gone when this resolves. */
  async stop(name: string): Promise<boolean> {
    const running = this.#running.get(name);
    if (running === undefined) return false;
    this.#stoppedByUs.add(name);
    await running.zone.stop();
    return true;
  }

  /** Stops what was started on request: its executor is gone, and with it whoever knew about them. */
  async stopSpawned(): Promise<void> {
    const spawned = [...this.#running].filter(([, { profile }]) => profile === 'planner' || profile === 'reader-email');
    await Promise.all(spawned.map(([name]) => this.stop(name)));
  }

  /** INVARIANT: after this nothing starts any more. Returns how many were stopped. */
  async stopAll(): Promise<number> {
    this.#closed = true;
    const names = [...this.#running.keys()];
    await Promise.all(names.map((name) => this.stop(name)));
    await this.#options.driver.destroy();
    return names.length;
  }

  /** Where the relay to the local model listens, for the model alone. */
  makeRelayDirectory(): string {
    const path = join(this.#options.places.run, 'model-relay');
    makeSocketDirectory(path, this.#modelIds);
    return path;
  }

  countRestart(profile: ZoneProfile): void {
    this.#restarts.set(profile, (this.#restarts.get(profile) ?? 0) + 1);
  }

  states(): ZoneState[] {
    const { driver, places } = this.#options;
    return [...this.#running].map(([name, { profile, session, zone }]) => ({
      name,
      profile,
      session,
      socket:
        profile === 'executor' || profile === 'connector-maildir' ? null : join(places.run, name, 'zone-bridge.sock'),
      mode: driver.mode,
      running: true,
      pid: zone.processes[0]?.pid ?? null,
      restarts: this.#restarts.get(profile) ?? 0,
    }));
  }

  /** Where the executor listens for that zone, as the executor sees it. */
  #nameOf({ profile, session, standing }: StartOptions): string {
    switch (profile) {
      case 'reader-email':
        this.#readers += 1;
        return `zone3-email-reader.${this.#readers}`;
      case 'planner':
        if (standing === true) return 'zone2-planner';
        if (typeof session === 'string') return `zone2-planner.${session}`;
        throw new HardshellError('invalid_params', 'a planner needs `sid` or `standing`', { fate: 'refuse' });
      case 'executor':
        return 'zone1-executor';
      case 'connector-maildir':
      case 'model':
        return profile;
      default:
        return profile satisfies never;
    }
  }

  async #spec(
    options: StartOptions,
    own: { name: string; ids: Ids | undefined; session: string | null },
  ): Promise<ZoneSpec> {
    const { profile } = options;
    const forZoneUid = own.ids !== undefined;
    const [program, probe] = await Promise.all(
      [PROGRAM[profile], 'probe'].map((name) => this.#options.findProgram(name, forZoneUid)),
    );
    const { driver, places, limits } = this.#options;
    const spec = zoneSpec(
      {
        ...own,
        profile,
        program: program ?? '',
        probe: probe ?? '',
        limits: limits[profile],
        mode: driver.mode,
        firstStart: options.firstStart ?? false,
      },
      places,
    );
    const onOutput = this.#outputOf(profile, own.name);
    return { ...spec, onOutput, ...(options.descriptor === undefined ? {} : { descriptor: options.descriptor }) };
  }

  #outputOf(profile: ZoneProfile, name: string): (stream: 'out' | 'err', chunk: Buffer) => void {
    const { logs, logBytesMax } = this.#options;
    const log = openLogFile(logs, name.split('.', 1)[0] ?? profile, logBytesMax);
    if (profile !== 'planner' && profile !== 'reader-email') return (_stream, chunk) => log.write(chunk);
    return (stream, chunk) => {
      const kept = stream === 'err' ? keepHarmlessLines(chunk.toString('latin1')) : '';
      if (kept !== '') log.write(kept);
    };
  }

  /** As root each zone has its own uid; the executor and the connector own what lies in the home and keep ours. */
  #takeIds(profile: ZoneProfile): Ids | undefined {
    if (this.#options.driver.mode !== 'F' || profile === 'executor' || profile === 'connector-maildir')
      return undefined;
    return profile === 'model' ? this.#modelIds : this.#uids.take();
  }

  #giveBackIds(ids: Ids | undefined): void {
    if (ids !== undefined && ids !== this.#modelIds) this.#uids.giveBack(ids);
  }

  #makeDirectories(profile: ZoneProfile, name: string, ids: Ids | undefined): void {
    const { run } = this.#options.places;
    if (profile === 'executor' || profile === 'connector-maildir') return;
    makeSocketDirectory(join(run, name), ids);
    if (profile !== 'planner') return;
    linkModelSocket(join(run, name));
    lendTemplates(join(this.#options.places.home, 'templates'), join(run, name, 'templates'));
    makeSocketDirectory(join(run, 'model-bridges', name), ids, this.#modelIds);
  }

  #removeDirectories(profile: ZoneProfile, name: string): void {
    const { run } = this.#options.places;
    if (profile !== 'planner' && profile !== 'reader-email') return;
    for (const path of [join(run, name), join(run, 'model-bridges', name)]) {
      try {
        removeEntry(path, 2);
      } catch {
        // The executor still listens there; the next start cleans.
      }
    }
  }

  #onExit(name: string, exit: ZoneExit): ZoneExit {
    const running = this.#running.get(name);
    this.#running.delete(name);
    if (running === undefined) return exit;
    const { profile, session, ids } = running;
    this.#removeDirectories(profile, name);
    this.#giveBackIds(ids);
    this.#record();
    const stopped = this.#stoppedByUs.delete(name);
    this.events.add({ ...describeEnd(exit, stopped), name, profile, session });
    return exit;
  }

  /** What `kill` needs when we cannot answer: written before anything else is done with a zone. */
  #record(): void {
    const record = {
      v: 1,
      supervisor: identifyProcess(process.pid),
      cgroups: this.#options.driver.cgroupPaths,
      zones: [...this.#running].map(([name, { zone }]) => ({
        name,
        processes: zone.processes,
        cgroups: zone.cgroupPaths,
      })),
    };
    const path = this.#options.zonesRecord;
    writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
}

function describeEnd(exit: ZoneExit, stopped: boolean): Pick<ZoneEvent, 'kind' | 'code'> {
  switch (exit.kind) {
    case 'exited':
      return { kind: 'exited', code: exit.code };
    case 'killed':
      return { kind: stopped ? 'stopped' : exit.outOfMemory ? 'out_of_memory' : 'killed', code: null };
    case 'tampered':
    case 'probe_failed':
      return { kind: exit.kind, code: null };
    default:
      return exit satisfies never;
  }
}
