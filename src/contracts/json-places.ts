/** A place in a file of chat messages, seen from outside: which members lead on, and whether elements are messages. */
export interface JsonPlace {
  /** Members of an object at this place that lead to messages. */
  readonly members: Readonly<Record<string, JsonPlace>>;
  /** What the elements of an array at this place are; null where they are of no interest. */
  readonly elements: 'records' | JsonPlace | null;
}

const NOWHERE = { members: {}, elements: null } as const;
const RECORDS: JsonPlace = { ...NOWHERE, elements: 'records' };
/** One chat of a full export of Telegram. */
const CHAT: JsonPlace = { ...NOWHERE, members: { messages: RECORDS } };
const CHATS: JsonPlace = { ...NOWHERE, members: { list: { ...NOWHERE, elements: CHAT } } };

/**
 * Where the messages of a whole file stand: Telegram Desktop's `result.json` (one chat, or a whole account with
 * `chats` and `left_chats`), answers of the Bot API (`result`), of Slack (`messages`, and `messages.matches` of a
 * search), and a bare array (a day of a Slack export). Anything else is one message by itself.
 */
export const FILE_PLACE: JsonPlace = {
  elements: 'records',
  members: {
    messages: { elements: 'records', members: { matches: RECORDS } },
    result: RECORDS,
    chats: CHATS,
    left_chats: CHATS,
  },
};

/** The place of a member, its name as written: escapes in it are read as a parser would. */
export function memberAt(parent: JsonPlace, name: readonly number[]): JsonPlace | null {
  const written = String.fromCharCode(...name);
  const { members } = parent;
  const key = written.includes('\\') ? unescaped(written) : written;
  return Object.hasOwn(members, key) ? (members[key] ?? null) : null;
}

function unescaped(written: string): string {
  try {
    const read: unknown = JSON.parse(`"${written}"`);
    return typeof read === 'string' ? read : '';
  } catch {
    return '';
  }
}
