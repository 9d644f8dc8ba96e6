import type { Socket } from 'node:net';
import type { EgressReason } from '../contracts/index.ts';
import { parseClientHello } from './client-hello.ts';
import { HandshakeReader, type HandshakeRead } from './handshake-reader.ts';
import type { EgressLimits } from './limits.ts';
import { nextPiece } from './next-piece.ts';

type Refused = { readonly ok: false; readonly reason: EgressReason };
/** `bytes` may be handed on; what came after them is back in the socket. */
export type Passed<T> = ({ readonly ok: true; readonly bytes: Buffer } & T) | Refused;

const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
/** The random of a ServerHello that asks the client to say hello again (RFC 8446, section 4.1.3). */
const RETRY_RANDOM = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c';

/**
 * Reads one whole ClientHello and compares its name. `again`: the second one, before which a client may send
 * change_cipher_spec and early data.
 */
export async function passClientHello(
  client: Socket,
  wanted: { readonly name: string; readonly again: boolean },
  limits: EgressLimits,
): Promise<Passed<object>> {
  const reader = new HandshakeReader({ bytesMax: limits.helloBytesMax, followers: false, preamble: wanted.again });
  const read = await readMessage(client, reader, AbortSignal.timeout(limits.helloMs));
  switch (read.kind) {
    case 'message': {
      if (read.type !== CLIENT_HELLO) return refuse('hello_malformed');
      const hello = parseClientHello(read.body);
      if (!hello.ok) return hello;
      return hello.name === wanted.name ? { ok: true, bytes: read.bytes } : refuse('sni_differs');
    }
    case 'too_large':
      return refuse('hello_too_large');
    case 'not_tls':
      return refuse('hello_not_tls');
    case 'late':
      return refuse('hello_timeout');
    case 'alert':
    case 'ended':
      return refuse('hello_ended');
    case 'malformed':
      return refuse('hello_malformed');
    default:
      return read satisfies never;
  }
}

/** Reads the server's first answer: a hello, a demand for a second ClientHello (`retry`), or an alert. */
export async function passServerHello(server: Socket, limits: EgressLimits): Promise<Passed<{ retry: boolean }>> {
  const reader = new HandshakeReader({ bytesMax: limits.helloBytesMax, followers: true, preamble: false });
  const read = await readMessage(server, reader, AbortSignal.timeout(limits.serverHelloMs));
  switch (read.kind) {
    case 'message':
      if (read.type !== SERVER_HELLO || read.body.length < 34) return refuse('server_not_tls');
      return { ok: true, bytes: read.bytes, retry: read.body.toString('hex', 2, 34) === RETRY_RANDOM };
    case 'alert':
      // What the server says no with is the client's to read.
      return { ok: true, bytes: Buffer.alloc(0), retry: false };
    case 'late':
      return refuse('server_timeout');
    case 'ended':
    case 'too_large':
    case 'not_tls':
    case 'malformed':
      return refuse('server_not_tls');
    default:
      return read satisfies never;
  }
}

type MessageRead = Exclude<HandshakeRead, { kind: 'more' }> | { readonly kind: 'ended' } | { readonly kind: 'late' };

async function readMessage(socket: Socket, reader: HandshakeReader, deadline: AbortSignal): Promise<MessageRead> {
  for (;;) {
    const piece = await nextPiece(socket, deadline);
    if (piece.kind !== 'bytes') return piece;
    const read = reader.push(piece.bytes);
    if (read.kind === 'more') continue;
    if (read.kind === 'message' && read.rest.length > 0) socket.unshift(read.rest);
    if (read.kind === 'alert') socket.unshift(piece.bytes);
    return read;
  }
}

function refuse(reason: EgressReason): Refused {
  return { ok: false, reason };
}
