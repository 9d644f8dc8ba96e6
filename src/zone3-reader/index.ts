export { readMessageId } from './message-id.ts';
export type { ReaderPorts } from './finish.ts';
export { readEmail } from './read-email.ts';
