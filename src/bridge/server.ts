import { lstatSync, unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { HardshellError, LIMITS } from '../contracts/index.ts';
import { FrameConnection, WIRE_CONNECTION_LIMITS, type ConnectionEvents, type ConnectionLimits } from './connection.ts';
import { withSocketMode } from './socket-mode.ts';

/** Longest path that fits `sockaddr_un` on Linux. */
export const SOCKET_PATH_BYTES_MAX = 107;

export interface ListenOptions {
  readonly path: string;
  /** 0o600 where only our own user connects, 0o660 where the directory's group is the zone. */
  readonly mode: number;
  readonly connectionsMax?: number;
  readonly limits?: ConnectionLimits;
  /** Called for each connection; the listener it came in on is its identity. */
  readonly accept: (attach: (events: ConnectionEvents) => FrameConnection) => void;
}

export interface Listener {
  readonly path: string;
  readonly close: () => Promise<void>;
}

/**
 * Listens on a Unix socket of ours. A socket file left by a dead process is removed first; anything else at that path
 * is refused, so that a planted symlink or file is never followed or unlinked.
 */
export async function listenFrames(options: ListenOptions): Promise<Listener> {
  checkPath(options.path);
  removeStaleSocket(options.path);
  const open = new Set<FrameConnection>();
  const server = createServer({ allowHalfOpen: false }, (socket) => acceptSocket(socket, options, open));
  server.maxConnections = options.connectionsMax ?? LIMITS.connectionsPerZoneMax.value;
  await bind(server, options);
  return {
    path: options.path,
    close: () =>
      new Promise((resolve) => {
        for (const connection of open) connection.destroy();
        server.close(() => resolve());
      }),
  };
}

function acceptSocket(socket: Socket, options: ListenOptions, open: Set<FrameConnection>): void {
  options.accept((events) => {
    const connection: FrameConnection = new FrameConnection(
      socket,
      {
        onFrame: events.onFrame,
        onClose: (cause) => {
          open.delete(connection);
          events.onClose(cause);
        },
      },
      options.limits ?? WIRE_CONNECTION_LIMITS,
    );
    open.add(connection);
    return connection;
  });
}

function checkPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= SOCKET_PATH_BYTES_MAX) return;
  throw new HardshellError(
    'config_invalid',
    `socket path of ${bytes} bytes passes the ${SOCKET_PATH_BYTES_MAX} that the system allows; set HARDSHELL_HOME to a shorter directory`,
    { fate: 'refuse' },
  );
}

function removeStaleSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new HardshellError('home_unsafe', `\`${path}\` is not a socket of ours; remove it`, { fate: 'stop' });
  }
  unlinkSync(path);
}

function bind(server: Server, { path, mode }: Pick<ListenOptions, 'path' | 'mode'>): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new HardshellError('connection_lost', `cannot listen on \`${path}\``, { fate: 'stop', cause }));
    });
    withSocketMode(mode, () =>
      server.listen(path, () => {
        server.removeAllListeners('error');
        server.on('error', () => undefined);
        resolve();
      }),
    );
  });
}
