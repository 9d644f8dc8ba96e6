import { createHash } from 'node:crypto';
import { extractSchema, LIMITS, parseMailAddress, type Channel, type Extract } from '../contracts/index.ts';
import { isMessageId } from '../payloads/index.ts';
import type { FrameLink } from './connector-link.ts';
import type { ReadResult } from './content-store.ts';
import type { ReaderProcess } from './reader-pool.ts';

export type ReadFailure = 'timeout' | 'crashed' | 'incident' | 'lying_reader' | 'malformed';
export type ReadAnswer =
  { readonly kind: 'read'; readonly read: ReadResult } | { readonly kind: 'failed'; readonly reason: ReadFailure };

/** Gives a reader its one message and takes its one answer, within its time. Never rejects. */
export async function readInProcess(reader: ReaderProcess, raw: Uint8Array, channel: Channel): Promise<ReadAnswer> {
  const given = { whole: false };
  const answered = new Promise<ReadAnswer>((resolve) => {
    const timer = setTimeout(() => resolve({ kind: 'failed', reason: 'timeout' }), LIMITS.readerMsMax.value);
    const done = (answer: ReadAnswer): void => {
      clearTimeout(timer);
      resolve(answer);
    };
    // What is said of a message before it was given in full is made up.
    reader.onFrame((frame) =>
      done(given.whole ? judgeAnswer(frame, channel) : { kind: 'failed', reason: 'lying_reader' }),
    );
    reader.onGone((how) => done({ kind: 'failed', reason: how === 'incident' ? 'incident' : 'crashed' }));
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
function judgeAnswer(frame: Readonly<Record<string, unknown>>, channel: Channel): ReadAnswer {
  const { type, id, message, message_id: messageId, ...rest } = frame;
  if (type === 'error' && id === ID) return { kind: 'failed', reason: 'malformed' };
  if (type !== 'sanitized' || id !== ID || Object.keys(rest).length > 0)
    return { kind: 'failed', reason: 'lying_reader' };
  const parsed = extractSchema.safeParse(message);
  if (!parsed.success || parsed.data.channel !== channel) return { kind: 'failed', reason: 'lying_reader' };
  return {
    kind: 'read',
    read: {
      extract: parsed.data,
      messageId: channel === 'email' && typeof messageId === 'string' && isMessageId(messageId) ? messageId : null,
      sender: senderKey(parsed.data),
    },
  };
}

/** The claimed sender: an address for mail, for chats the id that stands before the name. No name counts as an address. */
function senderKey({ channel, from }: Extract): string {
  if (channel === 'email') return parseMailAddress(from)?.key ?? '';
  const [id = ''] = from.split(' ', 1);
  return id.startsWith(`${channel}:`) ? id : `${channel}:unknown`;
}
