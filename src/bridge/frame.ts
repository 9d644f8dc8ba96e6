import { HardshellError, LIMITS } from '../contracts/index.ts';

const NEWLINE = 10;
const QUOTE = 34;
const BACKSLASH = 92;

export interface FrameLimits {
  readonly bytesMax: number;
  readonly depthMax: number;
  readonly tokensMax: number;
}

export const WIRE_FRAME_LIMITS: FrameLimits = {
  bytesMax: LIMITS.frameBytesMax.value,
  depthMax: LIMITS.frameDepthMax.value,
  tokensMax: LIMITS.frameTokensMax.value,
};

/**
 * Cuts a byte stream into JSON objects, one a line. Size is refused while bytes arrive, depth and token count before
 * the parser sees the line, so no frame can cost more than reading it once.
 * Throws `too_large` or `malformed`; after a throw the stream is out of step and must be closed.
 */
export class FrameDecoder {
  #chunks: Buffer[] = [];
  #held = 0;
  readonly #limits: FrameLimits;

  constructor(limits: FrameLimits = WIRE_FRAME_LIMITS) {
    this.#limits = limits;
  }

  /** True while a frame has begun and not ended. */
  get midFrame(): boolean {
    return this.#held > 0;
  }

  /** Every frame that `chunk` completes, in order. Empty lines are ignored. */
  push(chunk: Buffer): unknown[] {
    const frames: unknown[] = [];
    let rest = chunk;
    for (;;) {
      const end = rest.indexOf(NEWLINE);
      if (end < 0) break;
      this.#hold(rest.subarray(0, end));
      const line = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
      this.#chunks = [];
      this.#held = 0;
      rest = rest.subarray(end + 1);
      if (line !== undefined && line.length > 0) frames.push(parseLine(line, this.#limits));
    }
    if (rest.length > 0) this.#hold(rest);
    return frames;
  }

  #hold(piece: Buffer): void {
    this.#held += piece.length;
    if (this.#held > this.#limits.bytesMax) {
      throw new HardshellError('too_large', `frame passes ${this.#limits.bytesMax} bytes`, { fate: 'refuse' });
    }
    if (piece.length > 0) this.#chunks.push(piece);
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parseLine(line: Buffer, limits: FrameLimits): unknown {
  checkShape(line, limits);
  let value: unknown;
  try {
    value = JSON.parse(UTF8.decode(line));
  } catch (cause) {
    throw new HardshellError('malformed', 'frame is not JSON in UTF-8', { fate: 'refuse', cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HardshellError('malformed', 'frame is not a JSON object', { fate: 'refuse' });
  }
  return value;
}

/** Depth and token count by one pass over the bytes; strings are skipped quote to quote. */
function checkShape(line: Buffer, limits: FrameLimits): void {
  let depth = 0;
  let tokens = 0;
  for (let i = 0; i < line.length; i++) {
    switch (line[i]) {
      case QUOTE:
        i = endOfString(line, i);
        break;
      case 91: // [
      case 123: // {
        depth += 1;
        tokens += 1;
        if (depth > limits.depthMax) {
          throw new HardshellError('malformed', `frame is nested deeper than ${limits.depthMax}`, { fate: 'refuse' });
        }
        break;
      case 93: // ]
      case 125: // }
        depth -= 1;
        break;
      case 44: // ,
        tokens += 1;
        break;
      default:
    }
  }
  if (tokens > limits.tokensMax) {
    throw new HardshellError('too_large', `frame has more than ${limits.tokensMax} members`, { fate: 'refuse' });
  }
}

/** Index of the quote that closes the string opened at `start`, or the end of the line. */
function endOfString(line: Buffer, start: number): number {
  let from = start + 1;
  for (;;) {
    const quote = line.indexOf(QUOTE, from);
    if (quote < 0) return line.length;
    let backslashes = 0;
    while (quote - 1 - backslashes > start && line[quote - 1 - backslashes] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return quote;
    from = quote + 1;
  }
}

/** One frame's bytes, newline included. Throws `too_large` when the other side would refuse it. */
export function encodeFrame(message: object, limits: FrameLimits = WIRE_FRAME_LIMITS): Buffer {
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`, 'utf8');
  if (bytes.length - 1 > limits.bytesMax) {
    throw new HardshellError('too_large', `frame of ${bytes.length} bytes passes the limit`, { fate: 'refuse' });
  }
  return bytes;
}
