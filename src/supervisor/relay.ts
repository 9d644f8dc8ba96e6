import { chmodSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import type { ModelEndpoint } from './table.ts';

export interface Relay {
  readonly close: () => void;
}

const CONNECTIONS_MAX = 32;

/** Carries bytes between a Unix socket and that one address, and reads none of them. */
export async function startRelay(
  path: string,
  endpoint: Pick<ModelEndpoint, 'host' | 'port'>,
  mode: number,
): Promise<Relay> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (inner) => {
    const outer = createConnection({ host: endpoint.host, port: endpoint.port, allowHalfOpen: true });
    for (const socket of [inner, outer]) {
      open.add(socket);
      socket.on('close', () => open.delete(socket));
    }
    inner.on('error', () => outer.destroy());
    outer.on('error', () => inner.destroy());
    inner.on('close', () => outer.destroy());
    outer.on('close', () => inner.destroy());
    inner.pipe(outer).pipe(inner);
  });
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, mode);
  return {
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
