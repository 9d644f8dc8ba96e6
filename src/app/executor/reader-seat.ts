import type { FrameConnection, Frame, ListenOptions } from '../../bridge/index.ts';
import type { Channel } from '../../contracts/index.ts';
import type { ReaderEnd } from '../../zone1-executor/index.ts';
import type { ZoneEnd } from './zone-ends.ts';

/** A socket closes before the supervisor has reaped its process: this long its word is waited for. */
const TOLD_MS = 2_000;

/** Our end of one reader's socket: first it says that it is ready for its channel, then whoever took it listens. */
export class ReaderSeat {
  readonly ready: Promise<FrameConnection>;
  readonly #channel: Channel;
  readonly #ended: Promise<ZoneEnd>;
  #connected: (connection: FrameConnection) => void = () => undefined;
  #take: ((frame: Frame) => void) | null = null;
  #gone: (how: ReaderEnd) => void = () => undefined;
  #how: ReaderEnd | null = null;

  constructor(channel: Channel, ended: Promise<ZoneEnd>) {
    this.#channel = channel;
    this.#ended = ended;
    this.ready = new Promise((resolve) => (this.#connected = resolve));
  }

  accept(attach: Parameters<ListenOptions['accept']>[0]): void {
    let said = false;
    const connection: FrameConnection = attach({
      onFrame: (frame) => {
        if (said && this.#take !== null) this.#take(frame);
        else if (frame['type'] === 'ready' && frame['channel'] === this.#channel) {
          said = true;
          this.#connected(connection);
        } else connection.destroy();
      },
      onClose: () => void this.#close(),
    });
  }

  onFrame(take: (frame: Frame) => void): void {
    this.#take = take;
  }

  onGone(take: (how: ReaderEnd) => void): void {
    this.#gone = take;
    if (this.#how !== null) take(this.#how);
  }

  /** What ended it decides whether its message is tried again, so the supervisor is heard first. */
  async #close(): Promise<void> {
    const timer = Promise.withResolvers<ZoneEnd>();
    const late = setTimeout(() => timer.resolve('crashed'), TOLD_MS);
    const end = await Promise.race([this.#ended, timer.promise]);
    clearTimeout(late);
    this.#how = end === 'incident' ? 'incident' : 'ended';
    this.#gone(this.#how);
  }
}
