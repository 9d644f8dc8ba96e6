import type { Readable, Writable } from 'node:stream';

/**
 * Several streams and a few messages over one byte stream: what passes through the standard streams of `orb`.
 * Each frame: 1 byte kind, 4 bytes channel, 4 bytes length (both big endian), then that many bytes.
 */
export const FRAME = {
  /** To the guest: the zone to start, as JSON. */
  start: 1,
  /** From the guest: it runs (JSON), it ended (JSON), it could not be started (JSON). */
  started: 2,
  exited: 3,
  failed: 4,
  /** From the guest: what the zone wrote; the channel is 1 or 2. */
  output: 5,
  /** From the guest: the zone connected to a socket; the content is its number, the channel is new. */
  open: 6,
  data: 7,
  end: 8,
  close: 9,
  /** To the guest: kill the zone. */
  stop: 10,
} as const;
export type FrameKind = (typeof FRAME)[keyof typeof FRAME];

export interface MuxFrame {
  readonly kind: FrameKind;
  readonly channel: number;
  readonly bytes: Buffer;
}

export const FRAME_BYTES_MAX = 256 * 1024;
const HEADER_BYTES = 9;
const KINDS: ReadonlySet<number> = new Set(Object.values(FRAME));

/** Cuts frames out of bytes as they come. Throws on what is no frame: the peer is not ours then. */
export class MuxDecoder {
  #waiting: Buffer[] = [];
  #length = 0;

  push(chunk: Buffer): MuxFrame[] {
    this.#waiting.push(chunk);
    this.#length += chunk.length;
    const frames: MuxFrame[] = [];
    for (;;) {
      if (this.#length < HEADER_BYTES) return frames;
      const all = this.#waiting.length === 1 ? (this.#waiting[0] ?? chunk) : Buffer.concat(this.#waiting);
      this.#waiting = [all];
      const kind = all.readUInt8(0);
      const length = all.readUInt32BE(5);
      if (!isKind(kind) || length > FRAME_BYTES_MAX) throw new Error('not a frame of ours');
      if (all.length < HEADER_BYTES + length) return frames;
      frames.push({ kind, channel: all.readUInt32BE(1), bytes: all.subarray(HEADER_BYTES, HEADER_BYTES + length) });
      const rest = all.subarray(HEADER_BYTES + length);
      this.#waiting = [rest];
      this.#length = rest.length;
    }
  }
}

function isKind(kind: number): kind is FrameKind {
  return KINDS.has(kind);
}

export function encodeMux(kind: FrameKind, channel: number, bytes: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(kind, 0);
  header.writeUInt32BE(channel, 1);
  header.writeUInt32BE(bytes.length, 5);
  return Buffer.concat([header, bytes]);
}

/** A way out for frames: says when the other side reads slower than we write. */
export class MuxWriter {
  readonly #out: Writable;

  constructor(out: Writable) {
    this.#out = out;
  }

  send(kind: FrameKind, channel = 0, bytes?: Buffer): boolean {
    return this.#out.writable ? this.#out.write(encodeMux(kind, channel, bytes)) : true;
  }

  json(kind: FrameKind, value: unknown): void {
    this.send(kind, 0, Buffer.from(JSON.stringify(value)));
  }

  /** Sends what `source` gives as data of a channel, no faster than it is taken. */
  carry(source: Readable, channel: number): void {
    source.on('data', (chunk: Buffer) => {
      let taken = true;
      for (let at = 0; at < chunk.length; at += FRAME_BYTES_MAX)
        taken = this.send(FRAME.data, channel, chunk.subarray(at, at + FRAME_BYTES_MAX));
      if (taken) return;
      source.pause();
      this.#out.once('drain', () => source.resume());
    });
    source.once('end', () => this.send(FRAME.end, channel));
  }
}
