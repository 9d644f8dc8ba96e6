import { createHash } from 'node:crypto';
import { FrameConnection, WIRE_CONNECTION_LIMITS, type Frame } from '../../bridge/index.ts';
import { extractSchema, LIMITS, type Extract } from '../../contracts/index.ts';
import type { Channel, LaunchedReader, ReaderEnd } from './launch.ts';

/** Why a message has no extract. `refused`: the reader gave up on it; `lying`: its answer is not one; the last three: before a reader. */
export type ReadFailure =
  'crashed' | 'out_of_memory' | 'timeout' | 'refused' | 'lying' | 'too_large' | 'too_deep' | 'unreadable';

export type ReadResult =
  { readonly kind: 'read'; readonly extract: Extract } | { readonly kind: 'failed'; readonly reason: ReadFailure };

/** The process ended, or was ended, with messages open. Which of them is to blame is not known yet. */
export class ReaderGone extends Error {
  readonly reason: ReadFailure;

  constructor(reason: ReadFailure) {
    super('the reader is gone');
    this.name = 'ReaderGone';
    this.reason = reason;
  }
}

interface Open {
  readonly resolve: (result: ReadResult) => void;
  readonly reject: (error: ReaderGone) => void;
}

/**
 * One batch reader and the messages it has open. It reads them in order, so the time of the first open one is the time
 * that counts. INVARIANT: no answer is believed before the contract's schema has taken it.
 */
export class ReaderSession {
  readonly #launched: LaunchedReader;
  readonly #channel: Channel;
  readonly #connection: FrameConnection;
  readonly #open = new Map<string, Open>();
  readonly #deadlineMs: number;
  #deadline: NodeJS.Timeout | undefined;
  #sending: Promise<void> = Promise.resolve();
  #gone: ReaderGone | undefined;
  #ready = false;

  constructor(launched: LaunchedReader, channel: Channel, deadlineMs: number = LIMITS.readerMsMax.value) {
    this.#launched = launched;
    this.#channel = channel;
    this.#deadlineMs = deadlineMs;
    this.#connection = new FrameConnection(
      launched.socket,
      { onFrame: (frame) => this.#onFrame(frame), onClose: () => undefined },
      { ...WIRE_CONNECTION_LIMITS, idleMs: 0, halfFrameMs: deadlineMs },
    );
    void launched.exited.then((end) => this.#fail(reasonOf(end)));
    this.#watch();
  }

  /** False while the process has not said that it can read. */
  get isReady(): boolean {
    return this.#ready;
  }

  /** Reads one message. Rejects with `ReaderGone` when the process ends before it answered. */
  read(id: string, bytes: Buffer): Promise<ReadResult> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    const answer = new Promise<ReadResult>((resolve, reject) => this.#open.set(id, { resolve, reject }));
    this.#sending = this.#sending.then(() => this.#send(id, bytes));
    if (this.#open.size === 1) this.#watch();
    return answer;
  }

  /** Ends the process; resolves when it is gone. */
  async close(): Promise<void> {
    clearTimeout(this.#deadline);
    this.#connection.destroy();
    await this.#launched.stop();
  }

  async #send(id: string, bytes: Buffer): Promise<void> {
    const chunkBytes = LIMITS.rawChunkBytesMax.value;
    const { socket } = this.#launched;
    // One system call for the frames of a small message.
    socket.cork();
    this.#connection.send({ type: 'sanitize_begin', id, bytes: bytes.length });
    for (let at = 0, seq = 0; at < bytes.length && this.#gone === undefined; at += chunkBytes, seq += 1) {
      const data = bytes.toString('base64', at, Math.min(at + chunkBytes, bytes.length));
      this.#connection.send({ type: 'sanitize_chunk', id, seq, data });
      if (bytes.length <= chunkBytes) break;
      socket.uncork();
      await this.#connection.drained();
      socket.cork();
    }
    this.#connection.send({ type: 'sanitize_end', id, sha256: createHash('sha256').update(bytes).digest('hex') });
    socket.uncork();
  }

  #onFrame(frame: Frame): void {
    // The claimed Message-ID is for threading in Zone 1; a report has no use for it.
    const { type, id, message, message_id: _, ...rest } = frame;
    if (type === 'ready') {
      this.#ready = true;
      // A reader of another channel would find nothing in these messages.
      if (frame['channel'] !== this.#channel) return this.#fail('lying');
      return this.#watch();
    }
    const open = typeof id === 'string' ? this.#open.get(id) : undefined;
    if (typeof id !== 'string' || open === undefined || (type !== 'sanitized' && type !== 'error')) {
      // An answer that nobody asked for: whatever this process says from here on is worth nothing.
      this.#fail('lying');
      return;
    }
    this.#open.delete(id);
    this.#watch();
    open.resolve(type === 'error' ? { kind: 'failed', reason: 'refused' } : this.#parseExtract(message, rest));
  }

  /** Restarts the clock for the message that is read next. */
  #watch(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    if (this.#open.size === 0 || this.#gone !== undefined) return;
    this.#deadline = setTimeout(() => this.#fail('timeout'), this.#deadlineMs);
  }

  /** `message_id` stands beside the message for whoever answers mail; a scan has no use for it. */
  #parseExtract(message: unknown, rest: object): ReadResult {
    const parsed = Object.keys(rest).every((key) => key === 'message_id')
      ? extractSchema.safeParse(message)
      : undefined;
    return parsed?.success === true && parsed.data.channel === this.#channel
      ? { kind: 'read', extract: parsed.data }
      : { kind: 'failed', reason: 'lying' };
  }

  #fail(reason: ReadFailure): void {
    if (this.#gone !== undefined) return;
    this.#gone = new ReaderGone(reason);
    clearTimeout(this.#deadline);
    this.#connection.destroy();
    for (const open of this.#open.values()) open.reject(this.#gone);
    this.#open.clear();
    void this.#launched.stop();
  }
}

function reasonOf(end: ReaderEnd): ReadFailure {
  return end === 'out_of_memory' ? 'out_of_memory' : 'crashed';
}
