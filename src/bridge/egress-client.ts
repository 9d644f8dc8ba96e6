import { request } from 'node:http';
import type { Socket } from 'node:net';
import { EGRESS_REASONS, HardshellError, type EgressReason } from '../contracts/index.ts';

/** Where a process that may have a way out finds it. */
export const EGRESS_SOCKET = '/var/run/egress-bridge/egress.sock';

export interface OpenTunnelOptions {
  readonly socketPath?: string;
  /** As it stands on the list: lower-case, no final dot. */
  readonly name: string;
  readonly port: number;
  readonly signal?: AbortSignal;
  /** Milliseconds until the tunnel must stand. */
  readonly timeoutMs?: number;
}

const ANSWER_BYTES_MAX = 4_096;
const ANSWER_MS = 2_000;
const TIMEOUT_MS = 30_000;
/** What may be different at the next try. */
const WEATHER = new Set<EgressReason>([
  'request_timeout',
  'too_many_connections',
  'stopping',
  'dns_failed',
  'dns_timeout',
  'dns_no_address',
  'connect_failed',
  'connect_timeout',
]);

/**
 * A stream to that server, for `tls.connect({ socket, servername: name })`; only TLS with that `servername` passes.
 * Throws `unavailable` (worth another try) or `policy_denied` with a sentence that says what to do.
 */
export function openTunnel(options: OpenTunnelOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const asking = request({
      socketPath: options.socketPath ?? EGRESS_SOCKET,
      method: 'CONNECT',
      path: `${options.name}:${options.port}`,
      headers: { host: `${options.name}:${options.port}` },
      agent: false,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const timer = setTimeout(() => asking.destroy(), options.timeoutMs ?? TIMEOUT_MS);
    asking.once('connect', (response, socket: Socket, head) => {
      clearTimeout(timer);
      if (head.length > 0) socket.unshift(head);
      if (response.statusCode === 200) resolve(socket);
      else readReason(socket).then((reason) => reject(refusalOf(reason)), reject);
    });
    asking.once('error', (cause) => {
      clearTimeout(timer);
      reject(new HardshellError('unavailable', 'the egress process does not answer', { fate: 'retry', cause }));
    });
    asking.end();
  });
}

async function readReason(socket: Socket): Promise<EgressReason | undefined> {
  socket.setTimeout(ANSWER_MS, () => socket.destroy());
  let text = '';
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      text += chunk.toString('latin1');
      if (text.length > ANSWER_BYTES_MAX) break;
    }
  } catch {
    // Broke off: what came may be enough.
  }
  socket.destroy();
  const found = /"error":"([a-z_]{1,40})"/.exec(text)?.[1];
  return found !== undefined && isReason(found) ? found : undefined;
}

function isReason(text: string): text is EgressReason {
  return Object.hasOwn(EGRESS_REASONS, text);
}

function refusalOf(reason: EgressReason | undefined): HardshellError {
  if (reason === undefined) {
    return new HardshellError('unavailable', 'the egress process gave no reason', { fate: 'retry' });
  }
  const { message } = EGRESS_REASONS[reason];
  return WEATHER.has(reason)
    ? new HardshellError('unavailable', `${reason}: ${message}`, { fate: 'retry' })
    : new HardshellError('policy_denied', `${reason}: ${message}`, { fate: 'refuse' });
}
