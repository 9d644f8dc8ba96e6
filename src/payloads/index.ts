export { encodeMail } from './encode.ts';
export { decodeMail, PAYLOAD_BYTES_MAX } from './decode.ts';
export { payloadHash, showMail, splitPayload } from './show.ts';
export { isMessageId, parseMessageIds } from './message-id.ts';
export { envelopeOf, normalMail, type MailEnvelope, type OutgoingMail } from './mail.ts';
