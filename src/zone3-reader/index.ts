export { readMessageId } from './message-id.ts';
export { readEmail, type ReaderPorts } from './read-email.ts';
