/** Wakes those who wait for a key. Waits are bounded; a wake-up says only "look again". */
export class Notifier {
  readonly #waiting = new Map<string, Set<() => void>>();

  notify(key: string): void {
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    for (const wake of waiting ?? []) wake();
  }

  notifyAll(): void {
    for (const key of [...this.#waiting.keys()]) this.notify(key);
  }

  /** Resolves at the next `notify(key)`, after `ms`, or when `signal` aborts; true when it was notified. */
  wait(key: string, ms: number, signal: AbortSignal): Promise<boolean> {
    if (ms <= 0 || signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(key) ?? new Set();
      this.#waiting.set(key, waiting);
      const end = (notified: boolean): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        waiting.delete(wake);
        if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key);
        resolve(notified);
      };
      const wake = (): void => end(true);
      const stop = (): void => end(false);
      const timer = setTimeout(stop, ms);
      signal.addEventListener('abort', stop, { once: true });
      waiting.add(wake);
    });
  }
}
