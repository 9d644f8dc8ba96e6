import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { HardshellError } from '../contracts/index.ts';
import { FrameConnection, WIRE_CONNECTION_LIMITS, type ConnectionLimits, type Frame } from './connection.ts';

export interface ConnectOptions {
  /** A socket's path, or a descriptor that was inherited connected. */
  readonly target: { readonly path: string } | { readonly fd: number };
  /** Milliseconds to keep trying while the socket does not exist yet or nobody listens. */
  readonly retryMs?: number;
  readonly limits?: ConnectionLimits;
  readonly onClose?: (cause: HardshellError | undefined) => void;
}

/** A connected socket. Throws `connection_lost` when nobody answers within `retryMs`. */
export async function openSocket(options: Pick<ConnectOptions, 'target' | 'retryMs'>): Promise<Socket> {
  if ('fd' in options.target) return new Socket({ fd: options.target.fd, readable: true, writable: true });
  const deadline = performance.now() + (options.retryMs ?? 0);
  for (;;) {
    try {
      return await connectOnce(options.target.path);
    } catch (cause) {
      if (performance.now() >= deadline) {
        throw new HardshellError('connection_lost', `nobody answers on \`${options.target.path}\``, {
          fate: 'retry',
          cause,
        });
      }
      await sleep(20);
    }
  }
}

function connectOnce(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = new Socket();
    socket.once('error', reject);
    socket.connect(path, () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

interface Waiting {
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: HardshellError) => void;
  readonly timer: NodeJS.Timeout | undefined;
}

/** The asking side: one answer for each request, matched by `id`. */
export class RequestClient {
  readonly #waiting = new Map<string, Waiting>();
  readonly #connection: FrameConnection;
  #nextId = 0;

  constructor(socket: Socket, options: Pick<ConnectOptions, 'limits' | 'onClose'> = {}) {
    const limits = options.limits ?? { ...WIRE_CONNECTION_LIMITS, idleMs: 0 };
    this.#connection = new FrameConnection(
      socket,
      {
        onFrame: (frame) => this.#onFrame(frame),
        onClose: (cause) => {
          this.#failAll(cause);
          options.onClose?.(cause);
        },
      },
      limits,
    );
  }

  /** The answer to `message`. Throws `timeout` after `timeoutMs` (0: never) and `connection_lost` when the peer goes. */
  request(message: object, timeoutMs = 30_000): Promise<Frame> {
    if (this.#connection.closed) return Promise.reject(lost());
    this.#nextId += 1;
    const id = String(this.#nextId);
    return new Promise((resolve, reject) => {
      const timer =
        timeoutMs === 0
          ? undefined
          : setTimeout(() => {
              this.#waiting.delete(id);
              reject(new HardshellError('timeout', 'no answer came in time', { fate: 'retry' }));
            }, timeoutMs);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#connection.send({ ...message, id });
    });
  }

  close(): void {
    this.#connection.end();
  }

  destroy(): void {
    this.#connection.destroy();
  }

  #onFrame(frame: Frame): void {
    const { id, ...answer } = frame;
    const waiting = typeof id === 'string' ? this.#waiting.get(id) : undefined;
    if (typeof id !== 'string' || waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.resolve(answer);
  }

  #failAll(cause: HardshellError | undefined): void {
    for (const waiting of this.#waiting.values()) {
      clearTimeout(waiting.timer);
      waiting.reject(cause ?? lost());
    }
    this.#waiting.clear();
  }
}

function lost(): HardshellError {
  return new HardshellError('connection_lost', 'the connection is closed', { fate: 'retry' });
}

/** Connects and returns the asking side. */
export async function connectFrames(options: ConnectOptions): Promise<RequestClient> {
  return new RequestClient(await openSocket(options), options);
}
