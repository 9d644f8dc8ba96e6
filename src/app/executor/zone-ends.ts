import type { ZoneEvent } from '../../contracts/index.ts';

/** How a zone ended, in the terms of whoever has to decide what comes next. */
export type ZoneEnd = 'clean' | 'crashed' | 'incident';

const KEPT_MAX = 64;

/** Ends of zones as the supervisor tells them, for whoever sees a socket close and has to know why. */
export class ZoneEnds {
  /** The latest ends: a zone may end before anybody has asked. */
  readonly #known = new Map<string, ZoneEnd>();
  readonly #waiting = new Map<string, PromiseWithResolvers<ZoneEnd>>();

  take(name: string, end: ZoneEnd): void {
    this.#waiting.get(name)?.resolve(end);
    this.#waiting.delete(name);
    this.#known.set(name, end);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KEPT_MAX && oldest !== undefined) this.#known.delete(oldest);
  }

  /** Resolves when the zone has ended; never if nobody tells. Its name may have been used by no zone before. */
  of(name: string): Promise<ZoneEnd> {
    const known = this.#known.get(name);
    if (known !== undefined) return Promise.resolve(known);
    const waiting = this.#waiting.get(name) ?? Promise.withResolvers<ZoneEnd>();
    this.#waiting.set(name, waiting);
    return waiting.promise;
  }

  /** Nobody waits for it any more. */
  forget(name: string): void {
    this.#waiting.delete(name);
  }
}

export function endOf(event: ZoneEvent): ZoneEnd {
  if (event.kind === 'tampered' || event.kind === 'probe_failed') return 'incident';
  return event.kind === 'exited' && event.code === 0 ? 'clean' : 'crashed';
}
