import { join } from 'node:path';
import { CONNECTORS } from '../../contracts/index.ts';
import type { Fetched, Provider } from '../base/provider.ts';
import { renameFile, type MoveFile } from './files.ts';
import { ChatInbox } from './inbox.ts';

export interface ChatsOptions {
  /** The folder with `telegram/in` and `slack/in`; both are made where they are missing. */
  readonly path: string;
  readonly move?: MoveFile;
}

/**
 * Chats from files: saved exports and payloads of the providers' interfaces, cut into single messages by bytes. It only
 * takes in; what goes out to a chat needs a connector with an account.
 */
export async function openChats(options: ChatsOptions): Promise<Provider> {
  const inboxes: ChatInbox[] = [];
  for (const channel of CONNECTORS.chats.channels)
    inboxes.push(await ChatInbox.open(channel, join(options.path, channel, 'in'), options.move ?? renameFile));
  return {
    name: 'chats',
    acknowledge: async (keys) => {
      for (const inbox of inboxes) await inbox.acknowledge(keys);
    },
    next: () => nextOf(inboxes),
    hasMore: () => inboxes.some((inbox) => inbox.hasMore()),
    changed: async (timeoutMs, signal) => {
      await Promise.race(inboxes.map((inbox) => inbox.changed(timeoutMs, signal)));
    },
    perform: () => Promise.resolve({ state: 'failed', reason: 'refused' }),
    reconcile: () => Promise.resolve({ state: 'absent', reason: 'not_found' }),
    close: () => {
      for (const inbox of inboxes) inbox.close();
    },
  };
}

/** The channels take turns, so that a large export of one does not hold up the other. */
async function nextOf(inboxes: ChatInbox[]): Promise<Fetched | null> {
  for (const inbox of [...inboxes]) {
    inboxes.push(...inboxes.splice(inboxes.indexOf(inbox), 1));
    const fetched = await inbox.next();
    if (fetched !== null) return fetched;
  }
  return null;
}
