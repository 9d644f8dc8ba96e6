import type { EgressLimits } from './limits.ts';

/** Bounds how many refusals one client can write into the log. */
export class RefusalMeter {
  readonly #limits: Pick<EgressLimits, 'refusalsBurst' | 'refusalsPerSecond'>;
  #tokens: number;
  #filledAt = performance.now();
  #leftOut = 0;

  constructor(limits: Pick<EgressLimits, 'refusalsBurst' | 'refusalsPerSecond'>) {
    this.#limits = limits;
    this.#tokens = limits.refusalsBurst;
  }

  /** How many were left out before this one; undefined when this one is to be left out too. */
  admit(): number | undefined {
    const now = performance.now();
    const { refusalsBurst, refusalsPerSecond } = this.#limits;
    this.#tokens = Math.min(refusalsBurst, this.#tokens + ((now - this.#filledAt) / 1_000) * refusalsPerSecond);
    this.#filledAt = now;
    if (this.#tokens < 1) {
      this.#leftOut += 1;
      return undefined;
    }
    this.#tokens -= 1;
    const before = this.#leftOut;
    this.#leftOut = 0;
    return before;
  }
}
