import type { Socket } from 'node:net';
import { HardshellError, LIMITS } from '../contracts/index.ts';
import { encodeFrame, FrameDecoder, WIRE_FRAME_LIMITS, type FrameLimits } from './frame.ts';

export type Frame = Readonly<Record<string, unknown>>;

export interface ConnectionLimits {
  readonly frame: FrameLimits;
  /** Milliseconds without a byte in either direction before the connection is cut. */
  readonly idleMs: number;
  /** Milliseconds in which a frame that has begun must end. */
  readonly halfFrameMs: number;
  /** Bytes that may wait for a peer that does not read. */
  readonly sendBufferBytesMax: number;
}

export const WIRE_CONNECTION_LIMITS: ConnectionLimits = {
  frame: WIRE_FRAME_LIMITS,
  idleMs: LIMITS.idleMs.value,
  halfFrameMs: LIMITS.halfFrameMs.value,
  sendBufferBytesMax: LIMITS.sendBufferBytesMax.value,
};

export interface ConnectionEvents {
  /** One parsed object; its content is hostile until a schema has seen it. */
  readonly onFrame: (frame: Frame) => void;
  /** Called once. `cause` says why when we cut the connection, undefined when the peer ended it. */
  readonly onClose: (cause: HardshellError | undefined) => void;
}

/** A framed byte stream over one socket. Idle, half-sending and not-reading peers are cut. */
export class FrameConnection {
  readonly #socket: Socket;
  readonly #limits: ConnectionLimits;
  readonly #decoder: FrameDecoder;
  readonly #events: ConnectionEvents;
  #halfFrame: NodeJS.Timeout | undefined;
  #cause: HardshellError | undefined;
  #closed = false;

  constructor(socket: Socket, events: ConnectionEvents, limits: ConnectionLimits = WIRE_CONNECTION_LIMITS) {
    this.#socket = socket;
    this.#events = events;
    this.#limits = limits;
    this.#decoder = new FrameDecoder(limits.frame);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', (cause) =>
      this.#cut(new HardshellError('connection_lost', 'socket failed', { fate: 'retry', cause })),
    );
    socket.on('close', () => this.#onClose());
    if (limits.idleMs > 0) {
      socket.setTimeout(limits.idleMs, () =>
        this.#cut(new HardshellError('timeout', 'connection was idle for too long', { fate: 'refuse' })),
      );
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Bytes that the peer has not taken yet. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Queues one frame. A peer that lets more than the limit pile up is cut; then and later nothing is sent. */
  send(message: object): void {
    if (this.#closed || this.#cause !== undefined) return;
    this.#socket.write(encodeFrame(message, this.#limits.frame));
    if (this.#socket.writableLength > this.#limits.sendBufferBytesMax) {
      this.#cut(new HardshellError('too_large', 'peer does not read its answers', { fate: 'refuse' }));
    }
  }

  /** Resolves when the peer has taken what was sent, or the connection is gone. For bulk transfers. */
  drained(): Promise<void> {
    if (this.#closed || this.#socket.writableLength < this.#limits.sendBufferBytesMax / 4) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#socket.off('drain', done);
        this.#socket.off('close', done);
        resolve();
      };
      this.#socket.on('drain', done);
      this.#socket.on('close', done);
    });
  }

  /** Stops reading from the peer until `resume`: the kernel's buffer then holds it back. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends the connection after what was sent has left. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  unref(): void {
    this.#socket.unref();
  }

  #onData(chunk: Buffer): void {
    if (this.#closed || this.#cause !== undefined) return;
    let frames: unknown[];
    try {
      frames = this.#decoder.push(chunk);
    } catch (error) {
      this.#cut(
        error instanceof HardshellError
          ? error
          : new HardshellError('malformed', 'frame could not be read', { fate: 'refuse', cause: error }),
      );
      return;
    }
    this.#watchHalfFrame(frames.length > 0);
    for (const frame of frames) {
      if (this.#cause !== undefined) return;
      this.#events.onFrame(frame as Frame);
    }
  }

  #watchHalfFrame(progressed: boolean): void {
    if (progressed || !this.#decoder.midFrame) {
      clearTimeout(this.#halfFrame);
      this.#halfFrame = undefined;
    }
    if (!this.#decoder.midFrame || this.#halfFrame !== undefined) return;
    this.#halfFrame = setTimeout(
      () => this.#cut(new HardshellError('timeout', 'frame was begun and not ended', { fate: 'refuse' })),
      this.#limits.halfFrameMs,
    );
    this.#halfFrame.unref();
  }

  /** Tells the peer why (best effort) and destroys the socket. */
  #cut(cause: HardshellError): void {
    if (this.#cause !== undefined || this.#closed) return;
    this.#cause = cause;
    if (cause.code === 'too_large' || cause.code === 'malformed') {
      this.#socket.end(`${JSON.stringify({ type: 'error', error: cause.code, message: cause.message })}\n`);
      setTimeout(() => this.#socket.destroy(), 100).unref();
      return;
    }
    this.#socket.destroy();
  }

  #onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#halfFrame);
    this.#events.onClose(this.#cause);
  }
}
