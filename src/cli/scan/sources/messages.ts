import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { EXTRACT_LIMITS } from '../../../contracts/index.ts';
import type { Channel } from '../launch.ts';
import { faultSentence, splitChat } from './chat.ts';
import { openForReading, readerOf } from './head.ts';
import { splitMbox, type ReadMore } from './mbox.ts';
import { SNIFF_CHAT_BYTES, sniffChat } from './sniff-chat.ts';
import { sniff, SNIFF_BYTES } from './sniff.ts';
import { walk, type MailFile, type PassedOver, type Problem } from './walk.ts';

const CHUNK = 1_048_576;

/** How far a scan has come: everything before it is done. Files are counted in the order of `walk`. */
export interface Position {
  readonly files: number;
  /** Chained digest over path, size and time of those files: tells whether they are still the same. */
  readonly digest: string;
  /** Within the file after them: byte where the next message begins, and messages before it. */
  readonly offset: number;
  readonly messages: number;
  /** The digest with that file in it, while it is half read; else empty. */
  readonly current: string;
}

export const START: Position = { files: 0, digest: '', offset: 0, messages: 0, current: '' };

/** One message as it was found. */
export interface FoundMessage {
  readonly kind: 'message';
  readonly channel: Channel;
  readonly source: string;
  /** Counts from 1 within its file; null where a file is a message. */
  readonly number: number | null;
  readonly offset: number;
  /** Null: too large or too deep to be read, or gone meanwhile. */
  readonly bytes: Buffer | null;
  readonly failure: 'too_large' | 'too_deep' | 'unreadable' | null;
  readonly size: number;
  /** Where a scan goes on after this message. */
  readonly after: Position;
}

export type Found = FoundMessage | Problem | { readonly kind: 'changed' };

/**
 * Every message of the paths from a position on. When the files before that position are not the ones that were read,
 * `changed` is given once and the scan begins at the front.
 */
export async function* findMessages(
  paths: readonly string[],
  from: Position = START,
  passed?: PassedOver,
): AsyncGenerator<Found> {
  let digest = '';
  let files = 0;
  for await (const walked of walk(paths, passed)) {
    if (walked.kind === 'problem') {
      if (files >= from.files) yield walked;
      continue;
    }
    const before = { files, digest };
    files += 1;
    digest = chain(digest, walked);
    if (files < from.files || (files === from.files && digest === from.digest)) continue;
    const halfRead = before.files === from.files && from.offset > 0;
    if (files === from.files || (halfRead && digest !== from.current)) {
      yield { kind: 'changed' };
      yield* findMessages(paths, START, passed);
      return;
    }
    const place = halfRead ? { offset: from.offset, messages: from.messages } : { offset: 0, messages: 0 };
    yield* readFile(walked, { ...before, ...place, current: digest }, { ...START, files, digest });
  }
  if (files < from.files) {
    yield { kind: 'changed' };
    yield* findMessages(paths, START, passed);
  }
}

/** Messages on standard input: an mbox, one message, or chat messages as JSON. */
export async function* findInStream(stream: Readable): AsyncGenerator<Found> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const next: ReadMore = async () => {
    const { done, value } = await chunks.next();
    return done === true ? null : Buffer.from(value);
  };
  let head = Buffer.alloc(0);
  for (let more = await next(0); more !== null; more = await next(0)) {
    head = Buffer.concat([head, more]);
    if (head.length >= SNIFF_CHAT_BYTES) break;
  }
  const kind = sniff(head.subarray(0, SNIFF_BYTES));
  if (kind === 'mbox') {
    yield* splitFile('-', withHead(head, next), START, START);
    return;
  }
  const chat = kind === 'json' ? sniffChat(head.subarray(0, SNIFF_CHAT_BYTES), '') : null;
  if (chat !== null) {
    yield* splitChatFile({ path: '-', channel: chat }, withHead(head, next), { at: START, after: START });
    return;
  }
  if (kind !== 'mail') {
    yield { kind: 'problem', path: '-', sentence: NO_MAIL };
    return;
  }
  let whole = head;
  for (let more = await next(0); more !== null && whole.length <= EXTRACT_LIMITS.rawBytesMax; more = await next(0)) {
    whole = Buffer.concat([whole, more]);
  }
  yield wholeMessage('-', whole, START);
}

const NO_MAIL =
  'gave no mail and no chat: send an mbox, one message or a chat export as JSON, unpacked, to standard input';

function withHead(head: Buffer, next: ReadMore): ReadMore {
  let given = false;
  return (wanted) => {
    if (given) return next(wanted);
    given = true;
    return Promise.resolve(head);
  };
}

async function* readFile(file: MailFile, at: Position, after: Position): AsyncGenerator<Found> {
  let handle;
  try {
    handle = await openForReading(file.path, true);
  } catch {
    yield { kind: 'problem', path: file.path, sentence: 'could not be opened; it may have been moved meanwhile' };
    return;
  }
  try {
    if (file.format === 'mbox') {
      yield* splitFile(file.path, readerOf(handle, at.offset, file.bytes), at, after);
    } else if (file.format === 'json') {
      yield* splitChatFile(file, readerOf(handle, 0, file.bytes), { at, after });
    } else {
      const size = (await handle.stat()).size;
      const bytes = size > EXTRACT_LIMITS.rawBytesMax ? null : await readWhole(readerOf(handle, 0, size));
      yield bytes === null
        ? { ...wholeMessage(file.path, Buffer.alloc(0), after), bytes: null, failure: 'too_large', size }
        : wholeMessage(file.path, bytes, after);
    }
    const now = await handle.stat();
    if (now.size !== file.bytes || now.mtimeMs !== file.mtimeMs) {
      yield {
        kind: 'problem',
        path: file.path,
        sentence: 'changed while it was read; scan it again when nothing writes to it',
      };
    }
  } catch {
    yield { kind: 'problem', path: file.path, sentence: 'could not be read to its end; look at the disk' };
  } finally {
    await handle.close();
  }
}

async function* splitFile(
  source: string,
  readMore: ReadMore,
  at: Position,
  after: Position,
): AsyncGenerator<FoundMessage> {
  let messages = at.messages;
  let held: FoundMessage | undefined;
  for await (const { bytes, start, end } of splitMbox(readMore, at.offset)) {
    if (held !== undefined) yield held;
    messages += 1;
    held = {
      kind: 'message',
      channel: 'email',
      source,
      number: messages,
      offset: start,
      bytes,
      failure: bytes === null ? 'too_large' : null,
      size: end - start,
      after: { ...at, offset: end, messages },
    };
  }
  // After the last one the next file begins.
  if (held !== undefined) yield { ...held, after };
}

async function* splitChatFile(
  { path, channel }: { readonly path: string; readonly channel: Channel },
  readMore: ReadMore,
  { at, after }: { readonly at: Position; readonly after: Position },
): AsyncGenerator<FoundMessage | Problem> {
  let held: FoundMessage | undefined;
  for await (const found of splitChat(readMore, at.offset)) {
    if (found.kind === 'fault') {
      yield { kind: 'problem', path, sentence: faultSentence(found.at, found.why) };
      continue;
    }
    if (held !== undefined) yield held;
    const bytes =
      found.kind === 'record' ? Buffer.from(found.bytes.buffer, found.bytes.byteOffset, found.bytes.length) : null;
    held = {
      kind: 'message',
      channel,
      source: path,
      number: found.number,
      offset: found.start,
      bytes,
      failure: found.kind === 'skipped' ? found.reason : null,
      size: found.end - found.start,
      after: { ...at, offset: found.end, messages: found.number },
    };
  }
  if (held !== undefined) yield { ...held, after };
}

function wholeMessage(source: string, bytes: Buffer, after: Position): FoundMessage {
  const tooLarge = bytes.length > EXTRACT_LIMITS.rawBytesMax;
  return {
    kind: 'message',
    channel: 'email',
    source,
    number: null,
    offset: 0,
    bytes: tooLarge ? null : bytes,
    failure: tooLarge ? 'too_large' : null,
    size: bytes.length,
    after,
  };
}

async function readWhole(readMore: ReadMore): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let more = await readMore(CHUNK); more !== null; more = await readMore(CHUNK)) pieces.push(more);
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
}

function chain(digest: string, file: MailFile): string {
  return createHash('sha256').update(`${digest}\0${file.path}\0${file.bytes}\0${file.mtimeMs}`).digest('hex');
}
