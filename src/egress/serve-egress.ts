import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { HardshellError, type EgressClient, type EgressReason, type NewEgressEvent } from '../contracts/index.ts';
import { isListed } from './allow-list.ts';
import { openWay, shakeHands, type Ways } from './open-way.ts';
import { RefusalMeter } from './refusal-meter.ts';
import { answerInTunnel, answerRefusal, answerRequest } from './refusal.ts';
import type { Tunnel } from './tunnel.ts';

export interface ServeEgressOptions extends Ways {
  /** Who may only be on this socket. */
  readonly client: EgressClient;
  readonly path: string;
  readonly mode: number;
  /** Shared by all listeners of the process. */
  readonly open: { count: number };
  readonly onEvent: (event: NewEgressEvent) => void;
}

export interface EgressListener {
  readonly close: () => Promise<void>;
}

/** Listens for one client. Throws `home_unsafe` or `connection_lost` where it cannot. */
export async function serveEgress(options: ServeEgressOptions): Promise<EgressListener> {
  removeStaleSocket(options.path);
  const { limits } = options;
  const serving: Serving = { options, meter: new RefusalMeter(limits), tunnels: new Set(), open: 0, stopping: false };
  const server = createServer({
    maxHeaderSize: limits.headBytesMax,
    headersTimeout: limits.headMs,
    requestTimeout: limits.headMs,
    connectionsCheckingInterval: Math.min(1_000, limits.headMs),
  });
  // Beyond this many nobody is told why: answering costs as much as serving.
  server.maxConnections = limits.tunnelsPerClientMax * 2;
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('connect', (request, socket, head) => void serve(request, asSocket(socket), head, serving));
  server.on('request', (_request, response) => refuseMethod(response, serving));
  server.on('clientError', (error, socket) => {
    refuse(serving, asSocket(socket), { reason: reasonOf(error), name: '', port: 0 });
  });
  await listen(server, options.path);
  chmodSync(options.path, options.mode);
  return {
    close: async () => {
      serving.stopping = true;
      for (const tunnel of serving.tunnels) tunnel.cut('stop');
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

interface Serving {
  readonly options: ServeEgressOptions;
  readonly meter: RefusalMeter;
  readonly tunnels: Set<Tunnel>;
  /** Connections of this client beyond their request head. */
  open: number;
  stopping: boolean;
}

async function serve(request: IncomingMessage, client: Socket, head: Buffer, serving: Serving): Promise<void> {
  const { options } = serving;
  // Between two stations nobody else listens.
  client.on('error', () => client.destroy());
  if (head.length > 0) client.unshift(head);
  const busy = busyReason(serving);
  if (busy !== undefined) return refuse(serving, client, { reason: busy, name: '', port: 0 });
  serving.open += 1;
  options.open.count += 1;
  try {
    const way = await openWay(request.url ?? '', options);
    if (!way.ok) return refuse(serving, client, way);
    await carry(client, way, serving);
  } finally {
    serving.open -= 1;
    options.open.count -= 1;
  }
}

type OpenWay = Extract<Awaited<ReturnType<typeof openWay>>, { ok: true }>;

async function carry(client: Socket, way: OpenWay, serving: Serving): Promise<void> {
  const { options } = serving;
  const { target, server } = way;
  try {
    if (client.destroyed || serving.stopping) return;
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    const shaken = await shakeHands(client, way, options.limits);
    if (!shaken.ok) {
      record(serving, { reason: shaken.reason, ...target });
      return answerInTunnel(client, shaken.reason);
    }
    const about = { client: options.client, ...target };
    options.onEvent({ kind: 'opened', ...about });
    serving.tunnels.add(shaken.tunnel);
    const ended = await shaken.tunnel.ended;
    serving.tunnels.delete(shaken.tunnel);
    const { bytesOut, bytesIn, endedBy } = ended;
    options.onEvent({ kind: 'closed', ...about, bytes_out: bytesOut, bytes_in: bytesIn, ended_by: endedBy });
  } finally {
    server.destroy();
  }
}

function busyReason({ options, open, stopping }: Serving): EgressReason | undefined {
  if (stopping) return 'stopping';
  const { tunnelsPerClientMax, tunnelsMax } = options.limits;
  return open >= tunnelsPerClientMax || options.open.count >= tunnelsMax ? 'too_many_connections' : undefined;
}

interface Refusing {
  readonly reason: EgressReason;
  /** As asked for: never written down unless it is listed. */
  readonly name: string;
  readonly port: number;
}

function refuse(serving: Serving, client: Socket, refusing: Refusing): void {
  record(serving, refusing);
  answerRefusal(client, refusing.reason);
}

function record(serving: Serving, { reason, name, port }: Refusing): void {
  const leftOut = serving.meter.admit();
  if (leftOut === undefined) return;
  serving.options.onEvent({
    kind: 'refused',
    client: serving.options.client,
    name: isListed(name, serving.options.allow) ? name : null,
    port: port > 65_535 ? 0 : port,
    name_chars: Math.min(name.length, 999),
    reason,
    left_out: leftOut,
  });
}

function refuseMethod(response: ServerResponse, serving: Serving): void {
  record(serving, { reason: 'method_refused', name: '', port: 0 });
  answerRequest(response, 'method_refused');
}

function reasonOf(error: Error): EgressReason {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'HPE_HEADER_OVERFLOW') return 'request_too_large';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'request_malformed';
}

function asSocket(stream: unknown): Socket {
  if (stream instanceof Socket) return stream;
  throw new HardshellError('invariant_broken', 'a Unix socket gave something else', { fate: 'stop' });
}

function removeStaleSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new HardshellError('home_unsafe', `\`${path}\` is not a socket of ours; remove it`, { fate: 'stop' });
  }
  unlinkSync(path);
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new HardshellError('connection_lost', `cannot listen on \`${path}\`; see whether its directory exists`, {
          fate: 'stop',
          cause,
        }),
      ),
    );
    server.listen(path, resolve);
  });
}
