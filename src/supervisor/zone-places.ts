import { join } from 'node:path';
import { isAccountRole, isSpawned, type ZoneProfile } from '../contracts/index.ts';
import {
  lendTemplates,
  linkModelSocket,
  makeSocketDirectory,
  removeEntry,
  shareModelBridges,
  UidPool,
} from './places.ts';
import { hasBridge, type TablePlaces } from './table.ts';
import { prepareEgress } from './egress-places.ts';
import type { Ids } from './ids.ts';

const NEST_MAX = 2;

/** Uids and socket directories of zones: what one gets at its start and gives back at its end. */
export class ZonePlaces {
  readonly #places: TablePlaces;
  readonly #ownUids: boolean;
  readonly #uids = new UidPool();
  /** The model's uid, for as long as we run: the directories it serves planners from belong to it. */
  readonly #modelIds: Ids | undefined;
  /** The uid of the way out, for as long as we run: its sockets belong to it, and others see their directories. */
  readonly #egressIds: Ids | undefined;

  /** `ownUids`: each zone has its own, which only root can give. */
  constructor(places: TablePlaces, ownUids: boolean) {
    this.#places = places;
    this.#ownUids = ownUids;
    this.#modelIds = ownUids ? (places.accounts.model ?? this.#uids.take()) : undefined;
    shareModelBridges(join(places.run, 'model-bridges'), this.#modelIds);
    this.#egressIds =
      ownUids && places.egress !== undefined ? (places.accounts.egress ?? this.#uids.take()) : undefined;
    this.#prepareEgress();
  }

  /** The executor and the connectors own what lies in their folders: they have an account, or keep ours. */
  takeIds(profile: ZoneProfile): Ids | undefined {
    if (!this.#ownUids) return undefined;
    if (profile === 'egress') return this.#egressIds;
    if (!hasBridge(profile)) return isAccountRole(profile) ? this.#places.accounts[profile] : undefined;
    return profile === 'model' ? this.#modelIds : this.#uids.take();
  }

  giveBackIds(ids: Ids | undefined): void {
    if (ids !== undefined && ids !== this.#modelIds && ids !== this.#egressIds) this.#uids.giveBack(ids);
  }

  makeDirectories(profile: ZoneProfile, name: string, ids: Ids | undefined): void {
    const { home, run, accounts } = this.#places;
    if (profile === 'egress') this.#prepareEgress();
    if (!hasBridge(profile)) return;
    makeSocketDirectory(join(run, name), ids, accounts.executor);
    if (profile !== 'planner') return;
    linkModelSocket(join(run, name));
    lendTemplates(join(home, 'templates'), join(run, name, 'templates'));
    makeSocketDirectory(join(run, 'model-bridges', name), ids, this.#modelIds);
  }

  /** INVARIANT: directories that a running zone sees stay what they are; only what lies in them is removed. */
  #prepareEgress(): void {
    const { run, egress, accounts } = this.#places;
    if (egress === undefined) return;
    const groupOf = (client: string): number | undefined =>
      client === 'model' ? this.#modelIds?.gid : isAccountRole(client) ? accounts[client]?.gid : undefined;
    prepareEgress({ run, lists: egress, ids: this.#egressIds, executorGid: accounts.executor?.gid, groupOf });
  }

  removeDirectories(profile: ZoneProfile, name: string): void {
    if (!isSpawned(profile)) return;
    for (const path of [join(this.#places.run, name), join(this.#places.run, 'model-bridges', name)]) {
      try {
        removeEntry(path, NEST_MAX);
      } catch {
        // The executor made something in it at this moment; the next start cleans.
      }
    }
  }

  /** Where the relay to the local model listens, for the model alone. */
  makeRelayDirectory(): string {
    const path = join(this.#places.run, 'model-relay');
    makeSocketDirectory(path, this.#modelIds);
    return path;
  }
}
