import type { Socket } from 'node:net';
import type { EgressLimits } from './limits.ts';

export interface Ended {
  readonly bytesOut: number;
  readonly bytesIn: number;
  readonly endedBy: 'peers' | 'idle' | 'bytes' | 'stop' | 'failure';
}

/** How long what a side said last may still be on its way once that side is gone. */
const LAST_WORDS_MS = 2_000;

/**
 * Carries bytes between a client and a server. Each side is read only as fast as the other takes, each may end before
 * the other, and neither outlives it. INVARIANT: nothing of the client is carried before `startOutbound`.
 */
export class Tunnel {
  /** Settles once both sockets are gone. */
  readonly ended: Promise<Ended>;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #limits: EgressLimits;
  #bytesOut = 0;
  #bytesIn = 0;
  #endedBy: Ended['endedBy'] | undefined;

  constructor(client: Socket, server: Socket, limits: EgressLimits) {
    this.#client = client;
    this.#server = server;
    this.#limits = limits;
    this.ended = this.#watch();
  }

  /** Writes what was checked before; counted like the rest. */
  sendOut(bytes: Buffer): void {
    this.#count(bytes, 'out');
    this.#server.write(bytes);
  }

  sendIn(bytes: Buffer): void {
    this.#count(bytes, 'in');
    this.#client.write(bytes);
  }

  startInbound(): void {
    this.#server.on('data', (chunk: Buffer) => this.#count(chunk, 'in'));
    this.#server.pipe(this.#client);
  }

  startOutbound(): void {
    this.#client.on('data', (chunk: Buffer) => this.#count(chunk, 'out'));
    this.#client.pipe(this.#server);
  }

  /** Cuts both sides at once. */
  cut(endedBy: Ended['endedBy']): void {
    this.#endedBy ??= endedBy;
    this.#client.destroy();
    this.#server.destroy();
  }

  async #watch(): Promise<Ended> {
    const both = [this.#client, this.#server] as const;
    for (const socket of both) {
      socket.setTimeout(this.#limits.idleMs, () => this.cut('idle'));
      socket.on('error', () => this.cut('failure'));
      socket.on('end', () => {
        // The side that has ended may wait for the other's last words, but not as long as an open conversation.
        for (const each of both) each.setTimeout(this.#limits.halfClosedIdleMs);
      });
    }
    await Promise.all(both.map((socket) => this.#closed(socket)));
    return { bytesOut: this.#bytesOut, bytesIn: this.#bytesIn, endedBy: this.#endedBy ?? 'peers' };
  }

  #closed(socket: Socket): Promise<void> {
    return new Promise((resolve) => {
      const onClose = (): void => {
        // The last words of one may still be on their way to the other.
        const other = socket === this.#client ? this.#server : this.#client;
        if (!other.destroyed) {
          other.destroySoon();
          // One that takes nothing any more does not hold the conversation open for nobody.
          setTimeout(() => other.destroy(), LAST_WORDS_MS).unref();
        }
        resolve();
      };
      if (socket.destroyed) onClose();
      else socket.once('close', onClose);
    });
  }

  #count(bytes: Buffer, direction: 'out' | 'in'): void {
    if (direction === 'out') this.#bytesOut += bytes.length;
    else this.#bytesIn += bytes.length;
    const max = this.#limits.tunnelBytesMax;
    if (max !== null && this.#bytesOut + this.#bytesIn > max) this.cut('bytes');
  }
}
