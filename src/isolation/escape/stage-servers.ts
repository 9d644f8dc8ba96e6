import { createSocket } from 'node:dgram';
import { createServer, type ListenOptions, type Server } from 'node:net';

/** Something that the stage made, and how it is taken away again. */
export interface Made<T> {
  readonly value: T;
  readonly close: () => Promise<void>;
}

/** Port 9 (discard) stands for "could not be made here": nobody answers there, and the twin says so. */
const NOBODY = 9;

/** A listener that hangs up on whoever connects; the port of a TCP one. */
export async function listen(options: ListenOptions): Promise<Made<number>> {
  const server = createServer((socket) => socket.on('error', () => undefined).destroy());
  const listening = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(options, () => resolve(true));
  });
  if (!listening) return { value: NOBODY, close: () => Promise.resolve() };
  server.on('error', () => undefined);
  const address = server.address();
  return { value: typeof address === 'object' && address !== null ? address.port : 0, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Answers every datagram with itself. */
export async function answerDatagrams(family: 'udp4' | 'udp6', host: string): Promise<Made<number>> {
  const socket = createSocket(family);
  const bound = await new Promise<boolean>((resolve) => {
    socket.once('error', () => resolve(false));
    socket.bind(0, host, () => resolve(true));
  });
  socket.on('error', () => undefined);
  if (!bound) return { value: NOBODY, close: () => Promise.resolve() };
  socket.on('message', (message, from) => socket.send(message, from.port, from.address));
  return {
    value: socket.address().port,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}
