import type { ScanOutput } from './output.ts';
import { START, type Position } from './sources/messages.ts';
import { removeProgress, saveProgress, type Progress } from './state-file.ts';
import { emptySummary, type Summary } from './summary.ts';

const SAVE_MS = 2_000;

export interface KeeperOptions {
  /** Null: nothing is kept (standard input). */
  readonly path: string | null;
  readonly asked: string;
  readonly earlier: Progress | null;
}

/** Keeps the place of a scan, and with it all that the place needs: counts, worst messages, bytes of the output. */
export class ProgressKeeper {
  readonly summary: Summary;
  readonly #options: KeeperOptions;
  readonly #startedMs: number;
  #position: Position;
  #savedMs = performance.now();

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.summary = options.earlier?.summary ?? emptySummary();
    this.#position = options.earlier?.position ?? START;
    this.#startedMs = performance.now() - (options.earlier?.elapsedMs ?? 0);
  }

  get position(): Position {
    return this.#position;
  }

  /** Milliseconds over all runs of this scan. */
  get elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }

  /** Everything up to `position` is counted and handed to the output. Saved every two seconds. */
  advance(position: Position, output: ScanOutput): void {
    this.#position = position;
    if (performance.now() - this.#savedMs >= SAVE_MS) this.save(output);
  }

  save(output: ScanOutput): void {
    this.#savedMs = performance.now();
    const { path, asked } = this.#options;
    const outputBytes = output.flush();
    if (path === null) return;
    const { summary, elapsedMs } = this;
    saveProgress(path, { v: 2, asked, position: this.#position, outputBytes, elapsedMs, summary });
  }

  restart(): void {
    Object.assign(this.summary, emptySummary());
    this.#position = START;
  }

  remove(): void {
    if (this.#options.path !== null) removeProgress(this.#options.path);
  }
}
