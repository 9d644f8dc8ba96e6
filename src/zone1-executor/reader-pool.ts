import { setTimeout as sleep } from 'node:timers/promises';
import { HardshellError, type Channel } from '../contracts/index.ts';
import type { FrameLink } from './connector-link.ts';
import { readInProcess, type ReadAnswer } from './read-in-process.ts';

/** `incident`: it made a call that no honest program makes, or found its wall open. */
export type ReaderEnd = 'ended' | 'incident';

/** One reader process: its socket once it has said that it is ready, and the events of that socket. */
export interface ReaderProcess {
  readonly name: string;
  readonly link: FrameLink;
  /** Frames of the reader from now on. */
  readonly onFrame: (take: (frame: Readonly<Record<string, unknown>>) => void) => void;
  /** Called once when the reader is gone; what was given last is called. */
  readonly onGone: (take: (how: ReaderEnd) => void) => void;
  /** Ends the process and its socket. */
  readonly end: () => void;
}

/**
 * Starts a reader of a channel and resolves once it is ready; rejects when it cannot be started, with
 * `isolation_failed` when it ended by an incident.
 */
export type StartReader = (channel: Channel) => Promise<ReaderProcess>;

export interface ReaderPoolParts {
  readonly channel: Channel;
  readonly start: StartReader;
  readonly fault: (where: string, cause: unknown) => void;
  /** Tests hand in their own. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

/** Milliseconds before the next start after one that failed; doubled by each further one. */
export const READER_BACK_OFF_MS = { first: 250, most: 60_000 } as const;
/** Messages that may take their reader over a tripwire before the channel is no longer read. */
const INCIDENTS_MAX = 3;

/**
 * Readers of one channel. Live intake: one message a process, then the process is gone. A spare is kept ready from the
 * first message on (`prepare`: from the start on), so that starting costs nothing.
 * INVARIANT: a reader reads messages of one channel, and what it returns is of that channel or refused.
 */
export class ReaderPool {
  readonly channel: Channel;
  readonly #parts: ReaderPoolParts;
  #spare: Promise<ReaderProcess> | undefined;
  #failures = 0;
  #incidents = 0;
  #halted = false;

  constructor(parts: ReaderPoolParts) {
    this.channel = parts.channel;
    this.#parts = parts;
  }

  /**
   * True when no reader is started any more: one ended by an incident without a message, so that our own program or
   * its wall is broken, or several did with one. What waits stays stored; a person has to look first.
   */
  get halted(): boolean {
    return this.#halted;
  }

  /** Starts the spare. */
  prepare(): void {
    if (this.#spare !== undefined || this.#halted) return;
    const spare = this.#startLater();
    this.#spare = spare;
    spare.then(
      (reader) => reader.onGone((how) => this.#idleEnded(spare, how)),
      (cause: unknown) => {
        this.#parts.fault(`reader-${this.channel}`, cause);
        const isIncident = cause instanceof HardshellError && cause.code === 'isolation_failed';
        this.#idleEnded(spare, isIncident ? 'incident' : 'ended');
      },
    );
  }

  /** Reads one message in a process of its own. Rejects only when no reader can be started. */
  async read(raw: Uint8Array): Promise<ReadAnswer> {
    this.prepare();
    // INVARIANT: taken before anything is waited for, so that two messages never meet in one process.
    const taken = this.#spare;
    this.#spare = undefined;
    if (taken === undefined)
      throw new HardshellError('unavailable', `readers of ${this.channel} are stopped`, { fate: 'stop' });
    const reader = await taken.catch((cause: unknown) => {
      this.#failures += 1;
      throw cause;
    });
    this.prepare();
    try {
      const answer = await readInProcess(reader, raw, this.channel);
      this.#learn(answer);
      return answer;
    } finally {
      reader.end();
    }
  }

  async #startLater(): Promise<ReaderProcess> {
    const { start, pause = sleep } = this.#parts;
    const { first, most } = READER_BACK_OFF_MS;
    if (this.#failures > 0) await pause(Math.min(most, first * 2 ** Math.min(this.#failures - 1, 16)));
    return start(this.channel);
  }

  /** A reader that ended before it was given anything. One that was taken meanwhile is its message's affair. */
  #idleEnded(spare: Promise<ReaderProcess>, how: ReaderEnd): void {
    if (how === 'incident') this.#halt();
    if (this.#spare !== spare) return;
    this.#spare = undefined;
    this.#failures += 1;
    this.prepare();
  }

  #learn(answer: ReadAnswer): void {
    if (answer.kind === 'failed' && answer.reason === 'incident') {
      this.#incidents += 1;
      if (this.#incidents >= INCIDENTS_MAX) this.#halt();
    }
    // Whoever answers was started as it should be, whatever the answer is worth.
    const answered = answer.kind === 'read' || answer.reason === 'malformed' || answer.reason === 'lying_reader';
    if (answered) this.#failures = 0;
  }

  #halt(): void {
    this.#halted = true;
    const spare = this.#spare;
    this.#spare = undefined;
    spare?.then(
      (reader) => reader.end(),
      () => undefined,
    );
  }
}
