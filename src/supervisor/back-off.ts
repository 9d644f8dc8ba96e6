import type { ZoneProfile } from '../contracts/index.ts';

export const BACK_OFF_MS = { first: 250, most: 10_000, forgivenAfter: 5_000 } as const;

/** How long each process is left alone before it is started again: twice as long each time, until one has lasted. */
export class BackOff {
  readonly #waits = new Map<ZoneProfile, number>();

  /** Milliseconds to wait now. `livedMs`: how long the last one ran; 0 for one that did not start at all. */
  next(profile: ZoneProfile, livedMs: number): number {
    const last = livedMs > BACK_OFF_MS.forgivenAfter ? undefined : this.#waits.get(profile);
    const wait = last === undefined ? BACK_OFF_MS.first : Math.min(BACK_OFF_MS.most, last * 2);
    this.#waits.set(profile, wait);
    return wait;
  }
}
