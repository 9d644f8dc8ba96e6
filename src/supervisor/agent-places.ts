import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { HardshellError, type IsolationMode, type ZoneState } from '../contracts/index.ts';
import { endStrays, nameMarker } from '../isolation/index.ts';
import type { Ids } from './ids.ts';
import { AgentRemains } from './agent-remains.ts';
import { INSIDE } from './inside.ts';
import type { TablePlaces } from './table.ts';
import type { ZonePlaces } from './zone-places.ts';

interface Placed {
  readonly sid: string;
  readonly ids: Ids | undefined;
}

/** What `run` needs of us before it starts an agent's program: a uid and directories with the sockets it may open. */
export interface AgentPlace {
  readonly name: string;
  readonly socket_dir: string;
  readonly host_socket_dir: string;
  readonly host_model_dir: string | null;
  readonly uid: number | null;
}

const AGENTS_MAX = 16;
/** A file that the starter puts beside the sockets before it asks a container engine for anything. */
export const IN_CONTAINER = 'in-container';

/** Places of agents' zones. Their programs are started by the owner's own process, never by us: we take no command. */
export class AgentPlaces {
  readonly #where: TablePlaces;
  readonly #places: ZonePlaces;
  readonly #placed = new Map<string, Placed>();
  readonly #ending = new Set<string>();
  readonly #remains: AgentRemains;

  constructor(where: TablePlaces, places: ZonePlaces, instance: string) {
    this.#where = where;
    this.#places = places;
    this.#remains = new AgentRemains(instance);
  }

  place(sid: string, model: boolean): AgentPlace {
    const name = `zone2-planner.${sid}`;
    if (this.#placed.has(name))
      throw new HardshellError('unavailable', `\`${name}\` has its places already`, { fate: 'refuse' });
    if (this.#placed.size >= AGENTS_MAX)
      throw new HardshellError('overloaded', `${AGENTS_MAX} agents run already`, { fate: 'retry' });
    const ids = this.#places.takeIds('planner');
    try {
      this.#places.makeDirectories('planner', name, ids);
    } catch (error) {
      this.#places.removeDirectories('planner', name);
      this.#places.giveBackIds(ids);
      throw error;
    }
    this.#placed.set(name, { sid, ids });
    const { run } = this.#where;
    return {
      name,
      socket_dir: `${INSIDE.run}/${name}`,
      host_socket_dir: join(run, name),
      host_model_dir: model && this.#where.model !== undefined ? join(run, 'model-bridges', name) : null,
      uid: ids?.uid ?? null,
    };
  }

  /**
   * INVARIANT: a uid and a workspace are free only once nothing runs with them. Whoever started the program ends it with
   * itself, but may be halted; then we end it.
   */
  async unplace(name: string): Promise<void> {
    const placed = this.#placed.get(name);
    if (placed === undefined || this.#ending.has(name)) return;
    this.#ending.add(name);
    const inContainer = existsSync(join(this.#where.run, name, IN_CONTAINER));
    // Without them an engine that is asked to start a container at this moment cannot.
    this.#places.removeDirectories('planner', name);
    const isGone = await endStrays(nameMarker(name));
    this.#ending.delete(name);
    this.#placed.delete(name);
    const { ids } = placed;
    if (!inContainer) {
      if (isGone) this.#places.giveBackIds(ids);
      return;
    }
    this.#remains.watch(
      { name, ids },
      () => this.#placed.has(name),
      () => this.#places.giveBackIds(ids),
    );
  }

  /** Ends what runs in places that are lent. Their starters do the same; one that is gone cannot. */
  kill(): void {
    for (const [name, { ids }] of this.#placed) this.#remains.kill({ name, ids });
  }

  /** The executor is gone, and with it whoever served these. */
  async clear(): Promise<void> {
    await Promise.all([...this.#placed.keys()].map((name) => this.unplace(name)));
  }

  states(mode: IsolationMode): ZoneState[] {
    return [...this.#placed].map(([name, { sid }]) => ({
      name,
      profile: 'agent',
      session: sid,
      socket: join(this.#where.run, name, 'zone-bridge.sock'),
      mode,
      running: true,
      pid: null,
      restarts: 0,
    }));
  }
}
