export { readMessageId } from './message-id.ts';
export type { ReaderPorts } from './finish.ts';
export { readEmail } from './read-email.ts';
export { readSlack } from './slack/read-slack.ts';
export { readTelegram } from './telegram/read-telegram.ts';
