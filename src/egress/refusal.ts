import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { EGRESS_REASONS, type EgressReason } from '../contracts/index.ts';

const LINGER_MS = 500;
/** Descriptions of TLS alerts (RFC 8446, section 6) that come nearest to our reasons. */
const ALERT = { decodeError: 50, accessDenied: 49, missingExtension: 109, unrecognizedName: 112 } as const;

/** Answers with a status line and one line of JSON, and closes. */
export function answerRefusal(socket: Socket, reason: EgressReason): void {
  const { code, body } = wordsOf(reason);
  close(
    socket,
    Buffer.from(
      `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}\r\ncontent-type: application/json\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    ),
  );
}

/** The same to a request that the HTTP server still holds. */
export function answerRequest(response: ServerResponse, reason: EgressReason): void {
  const { code, body } = wordsOf(reason);
  response.writeHead(code, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  response.end(body);
}

function wordsOf(reason: EgressReason): { code: number; body: string } {
  const { status, message } = EGRESS_REASONS[reason];
  return { code: status === 0 ? 403 : status, body: `${JSON.stringify({ error: reason, message })}\n` };
}

/** After the tunnel stood: a client that speaks TLS gets an alert, one that does not gets words. */
export function answerInTunnel(socket: Socket, reason: EgressReason): void {
  if (reason === 'hello_not_tls') return answerRefusal(socket, reason);
  const description = alertFor(reason);
  const fatal = 2;
  close(socket, description === undefined ? Buffer.alloc(0) : Buffer.from([21, 3, 3, 0, 2, fatal, description]));
}

function alertFor(reason: EgressReason): number | undefined {
  switch (reason) {
    case 'sni_missing':
      return ALERT.missingExtension;
    case 'sni_differs':
    case 'sni_several':
      return ALERT.unrecognizedName;
    case 'ech_refused':
      return ALERT.accessDenied;
    case 'hello_malformed':
    case 'hello_too_large':
      return ALERT.decodeError;
    default:
      return undefined;
  }
}

/** Ends in order: what the peer still sends is read and dropped for a moment, or our answer would be lost with it. */
function close(socket: Socket, last: Buffer): void {
  if (socket.destroyed) return;
  socket.on('error', () => socket.destroy());
  socket.end(last);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}
