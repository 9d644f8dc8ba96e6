import { EXTRACT_LIMITS } from '../../../contracts/index.ts';
import { isHeaderLine } from './sniff.ts';

/** One message of an mbox, or the place of one that is larger than a reader takes. */
export interface MboxMessage {
  /** Null: larger than the limit; it was passed over without being held. */
  readonly bytes: Buffer | null;
  /** Where its `From ` line begins, and where the next message begins, in bytes of the file. */
  readonly start: number;
  readonly end: number;
}

/** Gives the bytes of the file in order; null at the end. */
export type ReadMore = (bytesWanted: number) => Promise<Buffer | null>;

const CHUNK = 1_048_576;
/** Bytes after a `From ` line's begin that decide whether it is one. */
const LOOK = 2_048;
const SEPARATOR = Buffer.from('\nFrom ');

/**
 * Cuts an mbox into messages by bytes, from `start` on, holding one message at a time. A line `From …` begins a message
 * when an empty line stands before it, it looks like one (one word, or a time of day) and a header follows.
 * `Content-Length` is not believed: it is the sender's word, and could hide the messages after it.
 */
export async function* splitMbox(readMore: ReadMore, start = 0): AsyncGenerator<MboxMessage> {
  const window = new Window(readMore, start);
  await window.fill(LOOK);
  window.skipNewlines();
  while (window.length > 0) {
    const begin = window.offset;
    const { end, tooLarge } = await findEnd(window);
    const message = window.take(end);
    const bytes = tooLarge ? null : content(message);
    yield {
      bytes: bytes === null || bytes.length > EXTRACT_LIMITS.rawBytesMax ? null : bytes,
      start: begin,
      end: window.offset,
    };
  }
}

/** Where the message at the front of the window ends. Of one that is too large only the end is held. */
async function findEnd(window: Window): Promise<{ readonly end: number; readonly tooLarge: boolean }> {
  let searched = 1;
  let tooLarge = false;
  for (;;) {
    const found = window.findSeparator(searched);
    if (found.kind === 'found') return { end: found.at, tooLarge };
    if (window.ended) return { end: window.length, tooLarge };
    searched = found.searched;
    tooLarge ||= window.length > EXTRACT_LIMITS.rawBytesMax + CHUNK;
    if (tooLarge) {
      // Two characters stay in front, to see the empty line before a separator.
      const dropped = Math.max(0, searched - 2);
      window.take(dropped);
      searched -= dropped;
    }
    await window.grow();
  }
}

/** The message without its `From ` line, the empty line after it and one level of `>From ` quoting (mboxrd). */
function content(message: Buffer): Buffer {
  const body = message.subarray(message.indexOf(10) + 1);
  const end =
    body.length > 1 && body.at(-1) === 10 ? (body.at(-2) === 13 ? body.length - 2 : body.length - 1) : body.length;
  const whole = body.subarray(0, end);
  if (whole.indexOf('\n>') < 0) return Buffer.from(whole);
  return Buffer.from(whole.toString('latin1').replaceAll(/^>(>*From )/gm, '$1'), 'latin1');
}

type Search = { readonly kind: 'found'; readonly at: number } | { readonly kind: 'none'; readonly searched: number };

/** The part of the file that is held: it begins with the message being cut. */
class Window {
  readonly #readMore: ReadMore;
  #held: Buffer = Buffer.alloc(0);
  #ended = false;
  offset: number;

  constructor(readMore: ReadMore, start: number) {
    this.#readMore = readMore;
    this.offset = start;
  }

  /** True when the file has no more than what is held. */
  get ended(): boolean {
    return this.#ended;
  }

  get length(): number {
    return this.#held.length;
  }

  async fill(bytes: number): Promise<void> {
    while (this.#held.length < bytes && (await this.grow()));
  }

  /** Holds more, in steps that grow with what is held, so that a large message is copied a few times only. */
  async grow(): Promise<boolean> {
    if (this.#ended) return false;
    const more = await this.#readMore(Math.max(CHUNK, this.#held.length));
    if (more === null || more.length === 0) this.#ended = true;
    else this.#held = this.#held.length === 0 ? more : Buffer.concat([this.#held, more]);
    return !this.#ended;
  }

  skipNewlines(): void {
    let at = 0;
    while (this.#held[at] === 10 || this.#held[at] === 13) at += 1;
    this.take(at);
  }

  /** The next place at or after `from` where a message begins. Undecided ones at the end wait for more. */
  findSeparator(from: number): Search {
    for (let at = this.#held.indexOf(SEPARATOR, from); at >= 0; at = this.#held.indexOf(SEPARATOR, at + 1)) {
      if (!this.#ended && at + LOOK > this.#held.length) return { kind: 'none', searched: at };
      if (this.#isEmptyLineBefore(at) && isFromLine(this.#held.toString('latin1', at + 1, at + LOOK))) {
        return { kind: 'found', at: at + 1 };
      }
    }
    return { kind: 'none', searched: Math.max(from, this.#held.length - SEPARATOR.length) };
  }

  take(bytes: number): Buffer {
    const taken = this.#held.subarray(0, bytes);
    this.#held = this.#held.subarray(bytes);
    this.offset += bytes;
    return taken;
  }

  #isEmptyLineBefore(at: number): boolean {
    const before = this.#held[at - 1];
    return before === 10 || (before === 13 && this.#held[at - 2] === 10);
  }
}

/** Text that begins with `From `: one word or a time of day in the line, and a header (or `>From `) in the next. */
function isFromLine(text: string): boolean {
  const [line = '', next = ''] = text.split(/\r?\n/, 2);
  const looksLikeOne = /^From \S+[ \t]*$/.test(line) || /^From .*\b\d{1,2}:\d{2}\b/.test(line);
  return looksLikeOne && (isHeaderLine(next) || next.startsWith('>From '));
}
