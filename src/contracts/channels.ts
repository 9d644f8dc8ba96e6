/** Where messages come from that a reader can read. Each has a reader of its own, which reads nothing else. */
export const CHANNELS = ['email', 'telegram', 'slack'] as const;
export type Channel = (typeof CHANNELS)[number];

/** A connector: one process, one folder of the home, the channels it may bring messages of. */
export interface ConnectorEntry {
  /** Folder of the home, the only one that the process sees. */
  readonly folder: string;
  readonly channels: readonly Channel[];
}

/** Every connector. A further one is a line here and a provider in `connectors/`. */
export const CONNECTORS = {
  maildir: { folder: 'mail', channels: ['email'] },
  chats: { folder: 'chats', channels: ['telegram', 'slack'] },
} as const satisfies Readonly<Record<string, ConnectorEntry>>;
export type ConnectorName = keyof typeof CONNECTORS;
export const CONNECTOR_NAMES = ['maildir', 'chats'] as const satisfies readonly ConnectorName[];
