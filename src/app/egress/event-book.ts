import { randomBytes } from 'node:crypto';
import type { EgressEvent, NewEgressEvent } from '../../contracts/index.ts';

const KEPT_MAX = 1_024;

/** What happened, numbered, for the executor that asks "after which number?". */
export class EventBook {
  /** Numbers begin again with every start: this tells one run from the next. */
  readonly run = randomBytes(8).toString('hex');
  #events: EgressEvent[] = [];
  #next = 1;
  readonly #waiting = new Set<() => void>();

  add(event: NewEgressEvent): void {
    this.#events.push({ ...event, seq: this.#next });
    this.#next += 1;
    if (this.#events.length > KEPT_MAX) this.#events = this.#events.slice(-KEPT_MAX);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  /** Events above `after`; when there are none, waits until there are, `waitMs` have passed or `signal` aborts. */
  async since(
    after: number,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<{ run: string; events: EgressEvent[]; next: number; missed: boolean }> {
    if (after >= this.#next - 1 && waitMs > 0 && !signal.aborted) await this.#wait(waitMs, signal);
    const first = this.#events[0]?.seq ?? this.#next;
    return {
      run: this.run,
      events: this.#events.filter((event) => event.seq > after),
      next: this.#next - 1,
      missed: after + 1 < first,
    };
  }

  #wait(waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, waitMs);
      signal.addEventListener('abort', wake);
      this.#waiting.add(wake);
    });
  }
}
