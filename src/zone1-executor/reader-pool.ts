import { createHash } from 'node:crypto';
import { extractSchema, LIMITS, parseMailAddress } from '../contracts/index.ts';
import { isMessageId } from '../payloads/index.ts';
import type { FrameLink } from './connector-link.ts';
import type { ReadResult } from './content-store.ts';

export type ReadFailure = 'timeout' | 'crashed' | 'lying_reader' | 'malformed';
export type ReadAnswer =
  { readonly kind: 'read'; readonly read: ReadResult } | { readonly kind: 'failed'; readonly reason: ReadFailure };

/** One reader process: its socket once it has said that it is ready, and the events of that socket. */
export interface ReaderProcess {
  readonly name: string;
  readonly link: FrameLink;
  /** Frames of the reader from now on. */
  readonly onFrame: (take: (frame: Readonly<Record<string, unknown>>) => void) => void;
  /** Called once when the reader is gone. */
  readonly onGone: (take: () => void) => void;
  /** Ends the process and its socket. */
  readonly end: () => void;
}

/** Starts a reader and resolves once it is ready; rejects when it cannot be started. */
export type StartReader = () => Promise<ReaderProcess>;

/** Live intake: one message a process, then the process is gone. A spare is kept ready so that starting costs nothing. */
export class ReaderPool {
  readonly #start: StartReader;
  #spare: Promise<ReaderProcess> | undefined;

  constructor(start: StartReader) {
    this.#start = start;
  }

  /** Starts the spare. */
  prepare(): void {
    if (this.#spare !== undefined) return;
    const spare = this.#start();
    this.#spare = spare;
    // Kept for whoever takes it; here so that nobody's rejection goes unhandled, and a spare of later stays.
    spare.catch(() => {
      if (this.#spare === spare) this.#spare = undefined;
    });
  }

  /** Reads one message in a process of its own. Rejects only when no reader can be started. */
  async read(raw: Uint8Array): Promise<ReadAnswer> {
    this.prepare();
    // INVARIANT: taken before anything is waited for, so that two messages never meet in one process.
    const taken = this.#spare ?? this.#start();
    this.#spare = undefined;
    const reader = await taken;
    this.prepare();
    try {
      return await readOne(reader, raw);
    } finally {
      reader.end();
    }
  }

  /** Drops a spare that has died. */
  forgetSpare(): void {
    this.#spare = undefined;
    this.prepare();
  }
}

async function readOne(reader: ReaderProcess, raw: Uint8Array): Promise<ReadAnswer> {
  const given = { whole: false };
  const answered = new Promise<ReadAnswer>((resolve) => {
    const timer = setTimeout(() => resolve({ kind: 'failed', reason: 'timeout' }), LIMITS.readerMsMax.value);
    const done = (answer: ReadAnswer): void => {
      clearTimeout(timer);
      resolve(answer);
    };
    // What is said of a message before it was given in full is made up.
    reader.onFrame((frame) => done(given.whole ? judgeAnswer(frame) : { kind: 'failed', reason: 'lying_reader' }));
    reader.onGone(() => done({ kind: 'failed', reason: 'crashed' }));
  });
  // A reader that never takes its message ends by its deadline like one that never answers.
  await Promise.race([answered, sendMessage(reader.link, raw, () => (given.whole = true))]);
  return answered;
}

const ID = 'm';

async function sendMessage(link: FrameLink, raw: Uint8Array, onWhole: () => void): Promise<void> {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.length);
  const step = LIMITS.rawChunkBytesMax.value;
  link.send({ type: 'sanitize_begin', id: ID, bytes: bytes.length });
  for (let at = 0, seq = 0; at < bytes.length; at += step, seq += 1) {
    link.send({
      type: 'sanitize_chunk',
      id: ID,
      seq,
      data: bytes.toString('base64', at, Math.min(at + step, bytes.length)),
    });
    await link.drained();
  }
  onWhole();
  link.send({ type: 'sanitize_end', id: ID, sha256: createHash('sha256').update(bytes).digest('hex') });
}

/** What a reader returns is hostile too: it is parsed as strictly as a zone's request. */
function judgeAnswer(frame: Readonly<Record<string, unknown>>): ReadAnswer {
  const { type, id, message, message_id: messageId, ...rest } = frame;
  if (type === 'error' && id === ID) return { kind: 'failed', reason: 'malformed' };
  if (type !== 'sanitized' || id !== ID || Object.keys(rest).length > 0)
    return { kind: 'failed', reason: 'lying_reader' };
  const parsed = extractSchema.safeParse(message);
  if (!parsed.success || parsed.data.channel !== 'email') return { kind: 'failed', reason: 'lying_reader' };
  return {
    kind: 'read',
    read: {
      extract: parsed.data,
      messageId: typeof messageId === 'string' && isMessageId(messageId) ? messageId : null,
      sender: parseMailAddress(parsed.data.from)?.key ?? '',
    },
  };
}
