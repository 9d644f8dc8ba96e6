import type { ZoneEvent } from '../contracts/index.ts';

const KEPT_MAX = 1_024;

/** What happened to zones, numbered, for watchers that ask "after which number?". */
export class EventLog {
  #events: ZoneEvent[] = [];
  #next = 1;
  #waiting = new Set<() => void>();

  add(event: Omit<ZoneEvent, 'seq'>): void {
    this.#events.push({ seq: this.#next, ...event });
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
  ): Promise<{ events: ZoneEvent[]; next: number; missed: boolean }> {
    if (after >= this.#next - 1 && waitMs > 0 && !signal.aborted) await this.#wait(waitMs, signal);
    const first = this.#events[0]?.seq ?? this.#next;
    return {
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
