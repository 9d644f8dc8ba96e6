import type { Writable } from 'node:stream';
import type { Summary } from './summary.ts';
import { duration, number } from './table.ts';

export interface ProgressOptions {
  readonly stream: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** Bytes of all inputs, or null when nobody knows (standard input). */
  readonly totalBytes: () => number | null;
  readonly summary: Summary;
}

const DRAW_MS = 100;
const LINE_MS = 10_000;
const BAR = 24;

/** One line on a terminal that is drawn over; elsewhere a plain line every ten seconds. */
export class ProgressLine {
  readonly #options: ProgressOptions;
  readonly #startedMs = performance.now();
  readonly #bytesBefore: number;
  readonly #messagesBefore: number;
  readonly #timer: NodeJS.Timeout;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#bytesBefore = options.summary.bytes;
    this.#messagesBefore = options.summary.messages;
    const isTerminal = options.stream.isTTY === true;
    this.#timer = setInterval(() => this.#draw(), isTerminal ? DRAW_MS : LINE_MS);
    this.#timer.unref();
  }

  /** Takes the line away, so that something can be written in its place. */
  clear(): void {
    if (this.#options.stream.isTTY === true) this.#options.stream.write('\r\u001b[2K');
  }

  end(): void {
    clearInterval(this.#timer);
    this.clear();
  }

  #draw(): void {
    const { stream } = this.#options;
    const isTerminal = stream.isTTY === true;
    const text = describeProgress({
      summary: this.#options.summary,
      totalBytes: this.#options.totalBytes(),
      elapsedMs: performance.now() - this.#startedMs,
      bytesBefore: this.#bytesBefore,
      messagesBefore: this.#messagesBefore,
      bar: isTerminal,
    });
    if (isTerminal) stream.write(`\r\u001b[2K${text.slice(0, Math.max(20, (stream.columns ?? 80) - 1))}`);
    else stream.write(`${text}\n`);
  }
}

export interface ProgressFacts {
  readonly summary: Summary;
  readonly totalBytes: number | null;
  readonly elapsedMs: number;
  /** Done by an earlier, interrupted run: they say nothing about the speed of this one. */
  readonly bytesBefore: number;
  readonly messagesBefore: number;
  readonly bar: boolean;
}

/** `[=====>    ]  45 %  45 210 messages  1 240/s  0:45 left  high 12  medium 210` */
export function describeProgress(facts: ProgressFacts): string {
  const { summary, totalBytes, elapsedMs } = facts;
  const perSecond = Math.round((summary.messages - facts.messagesBefore) / Math.max(0.001, elapsedMs / 1_000));
  const counts = `${number(summary.messages)} messages  ${number(perSecond)}/s`;
  const found = `high ${number(summary.levels.high)}  medium ${number(summary.levels.medium)}  low ${number(summary.levels.low)}`;
  if (totalBytes === null || totalBytes === 0) return `${counts}  ${found}`;
  const share = Math.min(1, summary.bytes / totalBytes);
  const filled = Math.floor(share * BAR);
  const bar = facts.bar
    ? `[${'='.repeat(filled)}${filled < BAR ? '>' : ''}${' '.repeat(Math.max(0, BAR - filled - 1))}] `
    : '';
  const done = summary.bytes - facts.bytesBefore;
  const left =
    done > 0 && elapsedMs > 1_000
      ? `${duration((elapsedMs * Math.max(0, totalBytes - summary.bytes)) / done)} left  `
      : '';
  return `${bar}${String(Math.floor(share * 100)).padStart(3)} %  ${counts}  ${left}${found}`;
}
