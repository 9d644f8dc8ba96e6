import type { GrantKey } from './grant.ts';
import type { Notifier } from './notifier.ts';
import type { Patience } from './patience.ts';
import type { Station } from './ports.ts';
import type { TokenTable } from './tokens.ts';

/** What answering a zone needs beside the stations. */
export interface ZoneDesk {
  readonly station: Station;
  readonly key: GrantKey;
  readonly tokens: TokenTable;
  /** Keys: a request id, `session:<sid>`, `outbox`. */
  readonly notifier: Notifier;
  /** What each session may still ask in vain. */
  readonly patience: Patience;
}
