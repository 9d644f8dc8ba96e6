export { readEmail, type ReaderPorts } from './read-email.ts';
