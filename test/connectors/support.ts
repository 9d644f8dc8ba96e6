import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { FrameConnection, WIRE_CONNECTION_LIMITS, type Frame } from '../../src/bridge/index.ts';
import { payloadDigest, serveConnector, type Provider } from '../../src/connectors/index.ts';
import { CONNECTOR_ANSWERS, type ConnectorAnswer } from '../../src/contracts/index.ts';

const cleanups: (() => void | Promise<void>)[] = [];

/** Runs `cleanup` after the test that called this. */
export function defer(cleanup: () => void | Promise<void>): void {
  cleanups.push(cleanup);
}

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

export function tempFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'hs-mail-'));
  defer(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Two ends of a connected stream. */
export async function socketPair(): Promise<[Socket, Socket]> {
  const folder = tempFolder();
  const server = createServer();
  const path = join(folder, 's');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const near = new Socket();
  near.connect(path);
  const far = await accepted;
  server.close();
  return [near, far];
}

export interface Message {
  readonly channel: string;
  readonly receivedAt: string;
  readonly key: string;
  readonly bytes: Buffer;
}

export interface FetchResult {
  readonly messages: Message[];
  readonly skipped: { key: string; reason: string }[];
  readonly more: boolean;
}

/** The executor's side, as strict as the executor has to be. */
export class TestExecutor {
  readonly connection: FrameConnection;
  readonly closed: Promise<void>;
  readonly #frames: ConnectorAnswer[] = [];
  #wake: () => void = () => undefined;
  #id = 0;

  constructor(socket: Socket) {
    let close: () => void = () => undefined;
    this.closed = new Promise((resolve) => (close = resolve));
    this.connection = new FrameConnection(
      socket,
      { onFrame: (frame) => this.#push(frame), onClose: () => close() },
      { ...WIRE_CONNECTION_LIMITS, idleMs: 0 },
    );
  }

  #push(frame: Frame): void {
    const type = String(frame['type']) as keyof typeof CONNECTOR_ANSWERS;
    this.#frames.push(CONNECTOR_ANSWERS[type].parse(frame));
    this.#wake();
  }

  async answer(): Promise<ConnectorAnswer> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async ready(): Promise<this> {
    const frame = await this.answer();
    if (frame.type !== 'connector_ready') throw new Error('not ready');
    return this;
  }

  async fetch(options: { limit?: number; acknowledged?: string[]; wait_ms?: number } = {}): Promise<FetchResult> {
    const id = String((this.#id += 1));
    this.connection.send({ type: 'fetch', id, limit: 100, acknowledged: [], ...options });
    const result: { messages: Message[]; skipped: { key: string; reason: string }[] } = { messages: [], skipped: [] };
    let pieces: Buffer[] = [];
    let begun = { channel: '', receivedAt: '' };
    for (;;) {
      const frame = await this.answer();
      if (frame.type === 'raw_begin') {
        pieces = [];
        begun = { channel: frame.channel, receivedAt: frame.received_at };
      }
      if (frame.type === 'raw_chunk') pieces.push(Buffer.from(frame.data, 'base64'));
      if (frame.type === 'raw_end') result.messages.push({ ...begun, key: frame.key, bytes: Buffer.concat(pieces) });
      if (frame.type === 'raw_skipped') result.skipped.push({ key: frame.key, reason: frame.reason });
      if (frame.type === 'fetched') return { ...result, more: frame.more };
    }
  }

  async perform(jti: string, payload: Buffer, wh = payloadDigest(payload)): Promise<ConnectorAnswer> {
    const id = String((this.#id += 1));
    this.connection.send({ type: 'perform', id, jti, wh, bytes: payload.length });
    for (let seq = 0; seq * 1_000 < payload.length; seq++) {
      const data = payload.subarray(seq * 1_000, (seq + 1) * 1_000).toString('base64');
      this.connection.send({ type: 'payload_chunk', id, seq, data });
    }
    this.connection.send({ type: 'payload_end', id });
    return this.answer();
  }

  async reconcile(jti: string, wh: string): Promise<ConnectorAnswer> {
    this.connection.send({ type: 'reconcile', id: String((this.#id += 1)), jti, wh });
    return this.answer();
  }
}

/** A connector in this process with the executor's side of its socket. `served` rejects as `serveConnector` does. */
export async function connect(provider: Provider): Promise<{ executor: TestExecutor; served: Promise<unknown> }> {
  const [near, far] = await socketPair();
  const served = serveConnector(far, provider).then(
    () => null,
    (error: unknown) => error,
  );
  const executor = await new TestExecutor(near).ready();
  defer(async () => {
    executor.connection.destroy();
    await served;
  });
  return { executor, served };
}
