import { findByZone, killProcess, readProcessStatus } from '../isolation/index.ts';
import type { Ids } from './ids.ts';

/** A zone that was an agent's, and the uid that only its programs had. */
export interface Remaining {
  readonly name: string;
  readonly ids: Ids | undefined;
}

/** An engine that was asked to start a container just before its starter died does so a little later. */
const LOOKS = { count: 40, everyMs: 250 } as const;

/**
 * Bubblewrap's zones end with their starter; a container is the engine's child and does not. So whoever lent the places
 * looks after what runs there when they are given back.
 */
export class AgentRemains {
  readonly #instance: string;

  constructor(instance: string) {
    this.#instance = instance;
    // No agent of this instance has a starter that could know us.
    for (const process of findByZone(instance, 'zone2-planner')) killProcess(process);
  }

  /** Kills what runs in that zone; true when nothing did. */
  kill({ name, ids }: Remaining): boolean {
    const left = findByZone(this.#instance, name).filter(
      // Another may have been started in the same workspace meanwhile: it has another uid.
      ({ pid }) => ids === undefined || (readProcessStatus(pid)?.uids.includes(ids.uid) ?? false),
    );
    for (const process of left) killProcess(process);
    return left.length === 0;
  }

  /** Kills it now and for as long as an engine may still bring it up; `done` once nothing came. */
  watch(zone: Remaining, isPlaced: () => boolean, done: () => void): void {
    this.kill(zone);
    let looks = 0;
    const timer = setInterval(() => {
      // Without uids of their own an old and a new program of a workspace cannot be told apart.
      const over = zone.ids === undefined && isPlaced();
      const none = over || this.kill(zone);
      looks += 1;
      if (!over && (looks < LOOKS.count || !none)) return;
      clearInterval(timer);
      done();
    }, LOOKS.everyMs);
    timer.unref();
  }
}
