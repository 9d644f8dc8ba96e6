import { createConnection, type Socket } from 'node:net';
import { until } from './wait.ts';

export type Frame = Readonly<Record<string, unknown>>;

const ANSWER_MS_MAX = 40_000;

/**
 * The attacker's end of a socket: written without the product's own client, so that nothing is checked or repaired
 * before it is sent. Frames without a known `id` are kept in `strays`.
 */
export class Wire {
  readonly strays: Frame[] = [];
  readonly #socket: Socket;
  readonly #waiting = new Map<string, (frame: Frame) => void>();
  #held = '';
  #next = 0;
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#take(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
      for (const answer of this.#waiting.values()) answer({ type: 'closed' });
      this.#waiting.clear();
    });
  }

  static async open(path: string, msMax = 10_000): Promise<Wire> {
    return until(`a listener on ${path}`, () => connect(path), msMax).then((socket) => new Wire(socket));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The answer to a frame, matched by an id of ours; `{type: "closed"}` when the other side hangs up. */
  ask(frame: object): Promise<Frame> {
    this.#next += 1;
    const id = `w${this.#next}`;
    return this.askAs(id, frame);
  }

  askAs(id: string, frame: object): Promise<Frame> {
    if (this.#closed) return Promise.resolve({ type: 'closed' });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no answer came')), ANSWER_MS_MAX);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#socket.write(`${JSON.stringify({ ...frame, id })}\n`);
    });
  }

  /** Bytes as they are. Resolves with the next frame that belongs to no request, or `closed`. */
  async raw(bytes: string | Buffer): Promise<Frame> {
    const before = this.strays.length;
    this.#socket.write(bytes);
    return until(
      'an answer to raw bytes',
      () => this.strays[before] ?? (this.#closed ? { type: 'closed' } : undefined),
    );
  }

  /** Bytes without waiting for anything. */
  send(bytes: string | Buffer): void {
    this.#socket.write(bytes);
  }

  /** Stops taking what the other side sends. */
  stopReading(): void {
    this.#socket.pause();
  }

  readAgain(): void {
    this.#socket.resume();
  }

  /** Ends only our sending half. */
  halfClose(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: string): void {
    const lines = (this.#held + chunk).split('\n');
    this.#held = lines.pop() ?? '';
    for (const line of lines) {
      const frame = JSON.parse(line) as Frame;
      const id = typeof frame['id'] === 'string' ? frame['id'] : '';
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (waiting === undefined) this.strays.push(frame);
      else waiting(frame);
    }
  }
}

function connect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    socket.once('error', () => resolve(undefined));
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

/** True when the other side hung up or said so. */
export function isCut(frame: Frame): boolean {
  return frame['type'] === 'closed';
}

/** A member that must be text. */
export function textOf(frame: Frame, name: string): string {
  const value = frame[name];
  if (typeof value !== 'string') throw new Error(`the answer holds no \`${name}\`: ${brief(frame)}`);
  return value;
}

/** An answer in a few words: its type, error code and what stands. Never its texts. */
export function brief(frame: Frame): string {
  const parts = ['type', 'error', 'decision', 'status', 'outcome'].flatMap((name) => {
    const value = frame[name];
    return typeof value === 'string' ? [value] : [];
  });
  return parts.join(' ') || 'an empty answer';
}

/** True for a refusal with one of these codes. */
export function isRefusal(frame: Frame, ...codes: readonly string[]): boolean {
  return frame['type'] === 'error' && typeof frame['error'] === 'string' && codes.includes(frame['error']);
}
