import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

const WAIT_MS = 15_000;

/** Lines of a process, kept and waited for. */
export class Lines {
  readonly all: string[] = [];
  readonly #waiting = new Set<() => void>();
  #ended = false;

  constructor(stream: NonNullable<ChildProcess['stdout']>) {
    const lines = createInterface({ input: stream });
    lines.on('line', (line) => {
      this.all.push(line);
      this.#wake();
    });
    lines.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** The first line from number `after` on that fits. Rejects when none comes. */
  async until(fits: (line: string) => boolean, after = 0): Promise<string> {
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      const found = this.all.slice(after).find(fits);
      if (found !== undefined) return found;
      if (this.#ended || performance.now() > deadline) {
        throw new Error(`no such line; the last ones: ${this.all.slice(-5).join(' | ')}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 200);
        this.#waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
