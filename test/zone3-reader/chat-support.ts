import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { extractSchema, type Extract } from '../../src/contracts/index.ts';
import { readSlack, readTelegram } from '../../src/zone3-reader/index.ts';
import { PORTS } from './support.ts';

export const CHATS = { telegram: readTelegram, slack: readSlack } as const;
export type Chat = keyof typeof CHATS;
export const CHAT_NAMES: readonly Chat[] = ['telegram', 'slack'];

/** Reads bytes, text or a value as a message and checks that Zone 1 would take the answer. */
export function readAs(chat: Chat, message: unknown): Extract {
  const raw =
    message instanceof Uint8Array
      ? message
      : new TextEncoder().encode(typeof message === 'string' ? message : JSON.stringify(message));
  const extract = extractSchema.parse(CHATS[chat](raw, PORTS));
  if (extract.channel !== chat) throw new Error(`answered for ${extract.channel}`);
  return extract;
}

/** What a message must give; absent members are not looked at. */
export interface ChatVector {
  readonly name: string;
  /** The message as a value, or as text where its form matters. */
  readonly message?: unknown;
  readonly raw?: string;
  readonly expect: {
    readonly from?: string;
    readonly to?: readonly string[];
    readonly date?: string;
    readonly body?: string;
    readonly body_has?: readonly string[];
    readonly findings?: readonly string[];
    /** Rules that must be found with severity `high`. */
    readonly high?: readonly string[];
    readonly no_findings?: boolean;
    readonly links?: readonly { url: string; text: string }[];
    readonly attachments?: readonly { name: string; type: string; bytes: number }[];
    readonly hidden_removed?: number;
    readonly truncated?: boolean;
    readonly injection_warning?: boolean;
  };
}

export function chatVectors(chat: Chat): readonly ChatVector[] {
  const path = fileURLToPath(new URL(`../vectors/chat/${chat}.json`, import.meta.url));
  return JSON.parse(readFileSync(path, 'utf8')) as ChatVector[];
}
