import { createHash } from 'node:crypto';
import { EXTRACT_LIMITS, LIMITS, type Extract, type WireErrorCode } from '../../contracts/index.ts';
import type { ChannelReader } from './channels.ts';

export type ReaderAnswer =
  | {
      readonly type: 'sanitized';
      readonly id: string;
      readonly message: Extract;
      /** Beside the message and not in it: Zone 1 needs it for threading, no planner does. */
      readonly message_id?: string;
    }
  | { readonly type: 'error'; readonly id?: string; readonly error: WireErrorCode; readonly message: string };

type Frame = Readonly<Record<string, unknown>>;

interface Job {
  readonly id: string;
  readonly bytes: Buffer;
  at: number;
  seq: number;
}

const KEYS: Readonly<Record<string, readonly string[]>> = {
  sanitize_begin: ['type', 'id', 'bytes'],
  sanitize_chunk: ['type', 'id', 'seq', 'data'],
  sanitize_end: ['type', 'id', 'sha256'],
};

/**
 * One raw message at a time, from `sanitize_begin` through its chunks to `sanitize_end`. Sizes, order and digest are
 * checked here; what the bytes mean is the reader's affair. Answers null while more is to come.
 */
export class ReaderJobs {
  #job: Job | null = null;
  readonly #reader: ChannelReader;

  constructor(reader: ChannelReader) {
    this.#reader = reader;
  }

  onFrame(frame: Frame): ReaderAnswer | null {
    const type = typeof frame['type'] === 'string' ? frame['type'] : '';
    const keys = Object.hasOwn(KEYS, type) ? KEYS[type] : undefined;
    if (keys === undefined)
      return refuse('unknown_type', 'a reader takes `sanitize_begin`, `sanitize_chunk` and `sanitize_end`');
    const { id } = frame;
    if (typeof id !== 'string' || id === '' || id.length > LIMITS.frameIdCharsMax.value) {
      return this.#drop('malformed', '`id` must be a short string');
    }
    if (Object.keys(frame).some((key) => !keys.includes(key))) return this.#drop('malformed', 'unknown field', id);
    if (type === 'sanitize_begin') return this.#begin(id, frame['bytes']);
    const job = this.#job;
    if (job === null || job.id !== id) return this.#drop('malformed', 'no message of this id is open', id);
    return type === 'sanitize_chunk' ? this.#chunk(job, frame['seq'], frame['data']) : this.#end(job, frame['sha256']);
  }

  #begin(id: string, bytes: unknown): ReaderAnswer | null {
    if (this.#job !== null) return this.#drop('malformed', 'a message is open already', id);
    if (typeof bytes !== 'number' || !Number.isInteger(bytes) || bytes < 0)
      return refuse('malformed', '`bytes` must be a count', id);
    if (bytes > EXTRACT_LIMITS.rawBytesMax) {
      return refuse('too_large', `a message may have ${EXTRACT_LIMITS.rawBytesMax} bytes`, id);
    }
    this.#job = { id, bytes: Buffer.allocUnsafeSlow(bytes), at: 0, seq: 0 };
    return null;
  }

  #chunk(job: Job, seq: unknown, data: unknown): ReaderAnswer | null {
    if (seq !== job.seq) return this.#drop('malformed', `chunk ${job.seq} was expected`, job.id);
    if (typeof data !== 'string') return this.#drop('malformed', '`data` must be base64', job.id);
    const length = Buffer.byteLength(data, 'base64');
    if (length > job.bytes.length - job.at) return this.#drop('too_large', 'chunks hold more than `bytes`', job.id);
    const written = job.bytes.write(data, job.at, 'base64');
    if (written !== length) return this.#drop('malformed', '`data` must be base64', job.id);
    job.at += written;
    job.seq += 1;
    return null;
  }

  #end(job: Job, sha256: unknown): ReaderAnswer {
    if (job.at !== job.bytes.length) return this.#drop('malformed', 'chunks hold less than `bytes`', job.id);
    if (sha256 !== sha256Hex(job.bytes)) return this.#drop('malformed', '`sha256` is not that of the chunks', job.id);
    this.#job = null;
    try {
      const messageId = this.#reader.readId(job.bytes);
      const message = this.#reader.read(job.bytes, PORTS);
      return { type: 'sanitized', id: job.id, message, ...(messageId === null ? {} : { message_id: messageId }) };
    } catch {
      // INVARIANT: nothing of the message goes into the answer. Zone 1 marks it unreadable.
      return refuse('malformed', 'the message could not be read', job.id);
    }
  }

  /** Forgets the open message: after an error the stream of its chunks means nothing. */
  #drop(error: WireErrorCode, message: string, id?: string): ReaderAnswer {
    this.#job = null;
    return refuse(error, message, id);
  }
}

function refuse(error: WireErrorCode, message: string, id?: string): ReaderAnswer {
  return { type: 'error', ...(id === undefined ? {} : { id }), error, message };
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const PORTS = { sha256Hex, now: () => new Date().toISOString() };
