export { serveConnector } from './base/serve.ts';
export { cutPayload, payloadDigest } from './base/payload.ts';
export type { Act, Fetched, PerformOutcome, Provider, RawMessage, SkippedMessage } from './base/provider.ts';
export { openMaildir, type MaildirOptions } from './maildir/provider.ts';
export { nodeFiles, type OutboxFiles } from './maildir/files.ts';
export { openChats, type ChatsOptions } from './chats/provider.ts';
