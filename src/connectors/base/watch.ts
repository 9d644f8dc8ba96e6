import { watch, type FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';

const POLL_MS = 250;
/** Changes within one tick of the disk's clock look alike; look again until this long after the last. */
const RECENT_MS = 2_000;

/**
 * Tells when a folder may hold something new. Notices of the system where it gives them; in a sandbox that forbids
 * them, or on a network disk that has none, the folders' times are looked at four times a second.
 */
export class FolderWatch {
  readonly #paths: readonly string[];
  readonly #watchers: FSWatcher[] = [];
  #wake: () => void = () => undefined;
  #noticed = true;
  #woken = false;
  #seen = '';

  constructor(paths: readonly string[]) {
    this.#paths = paths;
    for (const path of paths) this.#tryWatch(path);
  }

  /** True when something may have changed since the last call that said so. */
  async takeChange(): Promise<boolean> {
    const times = await Promise.all(this.#paths.map(async (path) => (await stat(path)).mtimeMs));
    const now = times.join(' ');
    const recent = times.some((time) => Math.abs(Date.now() - time) < RECENT_MS);
    const changed = this.#noticed || recent || now !== this.#seen;
    this.#noticed = false;
    this.#seen = now;
    return changed;
  }

  /** Waits for a notice or the next look, at most `timeoutMs`. */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#woken || signal.aborted) {
      this.#woken = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(timeoutMs, POLL_MS));
      signal.addEventListener('abort', done, { once: true });
      this.#wake = done;
    });
    this.#woken = false;
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
  }

  #tryWatch(path: string): void {
    try {
      const watcher = watch(path, { persistent: false }, () => {
        this.#noticed = true;
        this.#woken = true;
        this.#wake();
      });
      watcher.on('error', () => watcher.close());
      this.#watchers.push(watcher);
    } catch {
      // No notices here: the looks at the folders' times find it.
    }
  }
}
