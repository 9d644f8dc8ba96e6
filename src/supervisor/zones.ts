import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  HardshellError,
  isSpawned,
  PROFILE_KINDS,
  type ProfileKind,
  type ZoneEvent,
  type ZoneProfile,
  type ZoneState,
} from '../contracts/index.ts';
import {
  identifyProcess,
  type Zone,
  type ZoneDriver,
  type ZoneExit,
  type ZoneLimits,
  type ZoneSpec,
} from '../isolation/index.ts';
import { AgentPlaces } from './agent-places.ts';
import { EventLog } from './events.ts';
import type { Ids } from './ids.ts';
import { kindsOf, proveKinds, type Proof, type ProofZone } from './proof.ts';
import { hasBridge, zoneSpec, type TablePlaces } from './table.ts';
import { ZoneLogs } from './zone-logs.ts';
import { proofName, ZoneNames } from './zone-names.ts';
import { ZonePlaces } from './zone-places.ts';

/** Directories of the packed program and of the self-probe, as the zone's uid may read them. */
export type FindProgram = (name: string, forZoneUid: boolean) => Promise<string>;

export interface ZonesOptions {
  /** Eight hex digits of the home. */
  readonly instance: string;
  readonly driver: ZoneDriver;
  readonly places: TablePlaces;
  readonly zonesRecord: string;
  readonly logs: string;
  readonly logBytesMax: number;
  readonly limits: Readonly<Record<ProfileKind['kind'], ZoneLimits>>;
  readonly findProgram: FindProgram;
}

export interface StartOptions {
  readonly profile: ZoneProfile;
  readonly session?: string | null;
  readonly standing?: boolean;
  /** False: without a way to the model. */
  readonly model?: boolean;
  readonly firstStart?: boolean;
  readonly descriptor?: ZoneSpec['descriptor'];
}

interface Running {
  readonly profile: ZoneProfile;
  readonly session: string | null;
  readonly zone: Zone;
  readonly ids: Ids | undefined;
}

const ZONES_MAX = 128;

/** Every process that the supervisor started and that has not ended. */
export class Zones {
  readonly events = new EventLog();
  readonly #options: ZonesOptions;
  readonly #running = new Map<string, Running>();
  readonly #starting = new Set<string>();
  readonly #restarts = new Map<string, number>();
  readonly #places: ZonePlaces;
  readonly agents: AgentPlaces;
  readonly #logs: ZoneLogs;
  readonly #stoppedByUs = new Set<string>();
  #proof: Proof | undefined;
  readonly #names = new ZoneNames();
  #closed = false;

  constructor(options: ZonesOptions) {
    this.#options = options;
    this.#places = new ZonePlaces(options.places, options.driver.ownUids);
    this.agents = new AgentPlaces(options.places, this.#places, options.instance);
    this.#logs = new ZoneLogs(options.logs, options.logBytesMax);
    this.#record();
  }

  /** Starts a process of the table; resolves once it runs behind a checked wall. */
  async start(options: StartOptions): Promise<{ name: string; exited: Promise<ZoneExit> }> {
    const { profile } = options;
    const name = this.#names.next(options);
    if (this.#closed) throw new HardshellError('killed', 'everything is being stopped', { fate: 'refuse' });
    if (this.#running.has(name) || this.#starting.has(name)) {
      throw new HardshellError('unavailable', `\`${name}\` runs already`, { fate: 'refuse' });
    }
    if (this.#running.size + this.#starting.size >= ZONES_MAX) {
      throw new HardshellError('overloaded', `${ZONES_MAX} zones run already`, { fate: 'retry' });
    }
    this.#starting.add(name);
    const ids = this.#places.takeIds(profile);
    try {
      this.#places.makeDirectories(profile, name, ids);
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
      this.#places.removeDirectories(profile, name);
      this.#places.giveBackIds(ids);
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
    const spawned = [...this.#running].filter(([, { profile }]) => isSpawned(profile));
    await Promise.all([this.agents.clear(), ...spawned.map(([name]) => this.stop(name))]);
  }

  /** INVARIANT: after this nothing starts any more. Returns how many were stopped. */
  async stopAll(): Promise<number> {
    this.#closed = true;
    const names = [...this.#running.keys()];
    await Promise.all(names.map((name) => this.stop(name)));
    this.agents.kill();
    await this.#options.driver.destroy();
    return names.length;
  }

  /** Attacks a zone of each kind, and keeps what its mode was found not to hold. */
  async prove(scope: 'start' | 'full'): Promise<Proof> {
    const { driver, places } = this.#options;
    const profiles = kindsOf(places);
    const make = (profile: ZoneProfile): Promise<ProofZone> => this.#makeProofZone(profile);
    const proof = await proveKinds({ driver, make, profiles, stageParent: places.run, scope });
    this.#proof = proof;
    return proof;
  }

  get proof(): Proof | undefined {
    return this.#proof;
  }

  async #makeProofZone(profile: ZoneProfile): Promise<ProofZone> {
    const name = proofName(profile);
    const ids = this.#places.takeIds(profile);
    const own = isSpawned(profile);
    if (own) this.#places.makeDirectories(profile, name, ids);
    const done = (): void => {
      if (own) this.#places.removeDirectories(profile, name);
      this.#places.giveBackIds(ids);
    };
    try {
      return { spec: await this.#spec({ profile }, { name, ids, session: null }), done };
    } catch (error) {
      done();
      throw error;
    }
  }

  makeRelayDirectory(): string {
    return this.#places.makeRelayDirectory();
  }

  countRestart(profile: ZoneProfile): void {
    this.#restarts.set(profile, (this.#restarts.get(profile) ?? 0) + 1);
  }

  states(): ZoneState[] {
    const { driver, places } = this.#options;
    const ours = [...this.#running].map(([name, { profile, session, zone }]): ZoneState => ({
      name,
      profile,
      session,
      socket: hasBridge(profile) ? join(places.run, name, 'zone-bridge.sock') : null,
      mode: driver.mode,
      running: true,
      pid: zone.processes[0]?.pid ?? null,
      restarts: this.#restarts.get(profile) ?? 0,
    }));
    return [...ours, ...this.agents.states(driver.mode)];
  }

  async #spec(
    options: StartOptions,
    own: { name: string; ids: Ids | undefined; session: string | null },
  ): Promise<ZoneSpec> {
    const { profile } = options;
    const forZoneUid = own.ids !== undefined;
    const { kind } = PROFILE_KINDS[profile];
    const [program, probe] = await Promise.all(
      [kind, 'probe'].map((name) => this.#options.findProgram(name, forZoneUid)),
    );
    const { driver, places, limits } = this.#options;
    const spec = zoneSpec(
      {
        ...own,
        profile,
        program: program ?? '',
        probe: probe ?? '',
        limits: limits[kind],
        mode: driver.mode,
        firstStart: options.firstStart ?? false,
        model: options.model ?? true,
      },
      places,
    );
    const onOutput = this.#logs.outputOf(profile, own.name);
    return { ...spec, onOutput, ...(options.descriptor === undefined ? {} : { descriptor: options.descriptor }) };
  }

  #onExit(name: string, exit: ZoneExit): ZoneExit {
    const running = this.#running.get(name);
    this.#running.delete(name);
    if (running === undefined) return exit;
    const { profile, session, ids } = running;
    this.#places.removeDirectories(profile, name);
    this.#places.giveBackIds(ids);
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
