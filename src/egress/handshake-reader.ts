const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;
const RECORD_HEADER = 5;
const RECORD_BYTES_MAX = 16_384;
const MESSAGE_HEADER = 4;

export type HandshakeRead =
  | { readonly kind: 'more' }
  /** `body` without its header; `bytes`: all that was read up to the end of its record; `rest`: what came after. */
  | {
      readonly kind: 'message';
      readonly type: number;
      readonly body: Buffer;
      readonly bytes: Buffer;
      readonly rest: Buffer;
    }
  | { readonly kind: 'alert' }
  | { readonly kind: 'not_tls' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'too_large' };

export interface HandshakeReaderOptions {
  readonly bytesMax: number;
  /** Whether further messages may follow in the record in which the first one ends. */
  readonly followers: boolean;
  /** Whether records of other kinds may come first: a client that tries again sends some. */
  readonly preamble: boolean;
}

/**
 * Puts the first handshake message together from TLS records, however they are cut. Each byte is looked at once, so
 * that a message sent byte by byte costs no more than a whole one.
 */
export class HandshakeReader {
  readonly #options: HandshakeReaderOptions;
  #held: Buffer = Buffer.alloc(1_024);
  #length = 0;
  /** Where the record begins that is not complete yet. */
  #at = 0;
  readonly #parts: Buffer[] = [];
  #collected = 0;

  constructor(options: HandshakeReaderOptions) {
    this.#options = options;
  }

  push(chunk: Buffer): HandshakeRead {
    const room = this.#options.bytesMax - this.#length;
    this.#append(chunk.subarray(0, room));
    const read = this.#readRecords(chunk.subarray(room));
    return read.kind === 'more' && chunk.length >= room ? { kind: 'too_large' } : read;
  }

  #readRecords(beyond: Buffer): HandshakeRead {
    for (;;) {
      const header = this.#held.subarray(this.#at, this.#length);
      const problem = this.#judgeHeader(header);
      if (problem !== undefined) return problem;
      if (header.length < RECORD_HEADER) return { kind: 'more' };
      const length = header.readUInt16BE(3);
      if (header.length < RECORD_HEADER + length) return { kind: 'more' };
      this.#at += RECORD_HEADER + length;
      if (header[0] !== RECORD.handshake) continue;
      this.#parts.push(header.subarray(RECORD_HEADER, RECORD_HEADER + length));
      this.#collected += length;
      const read = this.#readMessage(beyond);
      if (read.kind !== 'more') return read;
    }
  }

  /** As early as its bytes are there, and the same however they are cut: nothing is waited for that cannot become TLS. */
  #judgeHeader(header: Buffer): HandshakeRead | undefined {
    const [type, major] = header;
    if (type === undefined) return undefined;
    const skips = this.#options.preamble && this.#collected === 0;
    const expected =
      type === RECORD.handshake || (skips && (type === RECORD.changeCipherSpec || type === RECORD.applicationData));
    if (type === RECORD.alert && major === undefined) return undefined;
    if (type === RECORD.alert && major === 3) return { kind: 'alert' };
    if (!expected || (major !== undefined && major !== 3)) {
      return { kind: this.#at === 0 ? 'not_tls' : 'malformed' };
    }
    if (header.length < RECORD_HEADER) return undefined;
    const length = header.readUInt16BE(3);
    const max = type === RECORD.applicationData ? RECORD_BYTES_MAX + 256 : RECORD_BYTES_MAX;
    return length === 0 || length > max ? { kind: 'malformed' } : undefined;
  }

  #readMessage(beyond: Buffer): HandshakeRead {
    if (this.#collected < MESSAGE_HEADER) return { kind: 'more' };
    const start = this.#parts.length === 1 ? (this.#parts[0] ?? Buffer.alloc(0)) : this.#firstBytes();
    const end = MESSAGE_HEADER + start.readUIntBE(1, 3);
    if (end > this.#options.bytesMax) return { kind: 'too_large' };
    if (this.#collected < end) return { kind: 'more' };
    if (this.#collected > end && !this.#options.followers) return { kind: 'malformed' };
    const whole = Buffer.concat(this.#parts);
    return {
      kind: 'message',
      type: whole[0] ?? 0,
      body: whole.subarray(MESSAGE_HEADER, end),
      bytes: Buffer.from(this.#held.subarray(0, this.#at)),
      rest: Buffer.concat([this.#held.subarray(this.#at, this.#length), beyond]),
    };
  }

  /** The message's header, which may lie in as many records as it has bytes. */
  #firstBytes(): Buffer {
    return Buffer.concat(this.#parts.slice(0, MESSAGE_HEADER));
  }

  #append(chunk: Buffer): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#held.length) {
      const larger = Buffer.alloc(Math.max(needed, this.#held.length * 2));
      this.#held.copy(larger, 0, 0, this.#length);
      this.#held = larger;
    }
    chunk.copy(this.#held, this.#length);
    this.#length = needed;
  }
}
