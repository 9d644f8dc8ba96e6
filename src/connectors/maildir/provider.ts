import { join } from 'node:path';
import type { Provider } from '../base/provider.ts';
import type { OutboxFiles } from './files.ts';
import { MaildirInbox } from './inbox.ts';
import { MaildirOutbox } from './outbox.ts';

export interface MaildirOptions {
  /** The folder with `in` and `out`; both are made where they are missing. */
  readonly path: string;
  readonly files?: OutboxFiles;
}

/** The mail provider that needs no account: a Maildir in and a Maildir out. */
export async function openMaildir(options: MaildirOptions): Promise<Provider> {
  const inbox = await MaildirInbox.open(join(options.path, 'in'));
  const outbox = await MaildirOutbox.open(join(options.path, 'out'), options.files);
  return {
    name: 'maildir',
    acknowledge: (keys) => inbox.acknowledge(keys),
    next: () => inbox.next(),
    hasMore: () => inbox.hasMore(),
    changed: (timeoutMs, signal) => inbox.changed(timeoutMs, signal),
    perform: (act) => outbox.perform(act),
    reconcile: (asked) => outbox.reconcile(asked),
    close: () => inbox.close(),
  };
}
