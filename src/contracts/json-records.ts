import { JsonScanner } from './json-scanner.ts';

/** One message of a chat export, as bytes: whole in brackets and strings, not parsed and not trusted. */
export interface JsonRecord {
  readonly kind: 'record';
  /** The JSON text of the record, copied. */
  readonly bytes: Uint8Array;
  /** Bytes of the file before it, and up to its end. */
  readonly start: number;
  readonly end: number;
  /** Counts from 1 within the file, passed-over records included. */
  readonly number: number;
}

/** A record that was passed over: no more than the cap of it was held. */
export interface JsonRecordSkipped {
  readonly kind: 'skipped';
  readonly reason: 'too_large' | 'too_deep';
  readonly start: number;
  readonly end: number;
  readonly number: number;
}

/** The file is no JSON at byte `at`. Records before it stand; `why` is ours and holds nothing of the file. */
export interface JsonFault {
  readonly kind: 'fault';
  readonly at: number;
  readonly why: string;
}

export type JsonFound = JsonRecord | JsonRecordSkipped | JsonFault;

export const JSON_RECORDS = {
  /** Slack's largest messages (100 attachments, 50 blocks, every letter escaped, an edit with both texts) stay below. */
  recordBytesMax: 4_194_304,
} as const;

interface Open {
  readonly start: number;
  /** Grows by doubling; the first `bytes` of it are the record so far. */
  held: Uint8Array;
  bytes: number;
  skipped: JsonRecordSkipped['reason'] | null;
}

const NOTHING = new Uint8Array(0);

/**
 * Cuts a file of chat messages into records by bytes, without interpreting one: the elements of the arrays that
 * `FILE_PLACE` names, else each value at the top (JSON lines, or one object). Give it the file in chunks of any size;
 * memory is bounded by one record. Records that are too large or too deep are passed over and told. After a fault
 * nothing more comes, but in JSON lines, where the next line is tried. Never throws for what the bytes are.
 */
export class JsonRecordSplitter {
  readonly #recordBytesMax: number;
  readonly #scanner: JsonScanner;
  #found: JsonFound[] = [];
  #chunk: Uint8Array = NOTHING;
  /** Bytes of the file before the chunk, and where in the chunk the open record goes on. */
  #base = 0;
  #recordFrom = 0;
  #record: Open | null = null;
  #number = 0;

  /** `recordBytesMax`: bytes of one record. */
  constructor(recordBytesMax: number = JSON_RECORDS.recordBytesMax) {
    this.#recordBytesMax = recordBytesMax;
    this.#scanner = new JsonScanner({
      recordBegan: (at) => {
        this.#record = { start: at, held: NOTHING, bytes: 0, skipped: null };
        this.#recordFrom = at - this.#base;
      },
      recordEnded: (end) => this.#close(end),
      recordDropped: () => {
        this.#record = null;
      },
      recordTooDeep: () => {
        if (this.#record !== null) skip(this.#record, 'too_deep');
      },
      fault: (at, why) => this.#found.push({ kind: 'fault', at, why }),
    });
  }

  /** What ends in this chunk, in order. The chunk's memory may be used again afterwards. */
  push(chunk: Uint8Array): JsonFound[] {
    this.#chunk = chunk;
    this.#recordFrom = 0;
    this.#scanner.scan(chunk, this.#base);
    if (this.#record !== null) keep(this.#record, chunk.subarray(this.#recordFrom), this.#recordBytesMax);
    this.#base += chunk.length;
    this.#chunk = NOTHING;
    this.#recordFrom = 0;
    return this.#take();
  }

  /** Call once, after the last chunk. */
  end(): JsonFound[] {
    this.#scanner.end(this.#base);
    return this.#take();
  }

  #take(): JsonFound[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }

  #close(end: number): void {
    const record = this.#record;
    if (record === null) return;
    this.#record = null;
    keep(record, this.#chunk.subarray(this.#recordFrom, end - this.#base), this.#recordBytesMax);
    this.#number += 1;
    const place = { start: record.start, end, number: this.#number };
    this.#found.push(
      record.skipped === null
        ? { kind: 'record', bytes: record.held.subarray(0, record.bytes), ...place }
        : { kind: 'skipped', reason: record.skipped, ...place },
    );
  }
}

function keep(record: Open, piece: Uint8Array, bytesMax: number): void {
  if (record.skipped !== null) return;
  const bytes = record.bytes + piece.length;
  if (bytes > bytesMax) {
    skip(record, 'too_large');
    return;
  }
  if (bytes > record.held.length) {
    const grown = new Uint8Array(Math.max(bytes, Math.min(record.held.length * 2, bytesMax)));
    grown.set(record.held.subarray(0, record.bytes));
    record.held = grown;
  }
  record.held.set(piece, record.bytes);
  record.bytes = bytes;
}

function skip(record: Open, reason: JsonRecordSkipped['reason']): void {
  record.skipped ??= reason;
  record.held = NOTHING;
}
