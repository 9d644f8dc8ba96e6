import type { Extract } from '../../contracts/index.ts';
import { readEmail, readMessageId, readSlack, readTelegram, type ReaderPorts } from '../../zone3-reader/index.ts';

/** How messages of one channel are read. A process reads one channel all its life. */
export interface ChannelReader {
  readonly channel: Extract['channel'];
  readonly read: (raw: Uint8Array, ports: ReaderPorts) => Extract;
  /** The claimed Message-ID of a mail; chats have none. */
  readonly readId: (raw: Uint8Array) => string | null;
}

const noId = (): null => null;
const READERS: readonly ChannelReader[] = [
  { channel: 'email', read: readEmail, readId: readMessageId },
  { channel: 'telegram', read: readTelegram, readId: noId },
  { channel: 'slack', read: readSlack, readId: noId },
];

/** The reader that `HARDSHELL_CHANNEL` names; mail where it names none, null where it names something else. */
export function readerOf(named: string | undefined): ChannelReader | null {
  return READERS.find((reader) => reader.channel === (named ?? 'email')) ?? null;
}
