import { createHash } from 'node:crypto';
import { CONNECTOR_ANSWERS, HardshellError, LIMITS, type Channel, type ConnectorAnswer } from '../contracts/index.ts';
import type { ConnectorPort, PerformOutcome } from './ports.ts';

/** The framed socket of one connector, as `bridge` makes it. */
export interface FrameLink {
  readonly send: (message: object) => void;
  readonly drained: () => Promise<void>;
  readonly destroy: () => void;
}

export interface FetchedMessage {
  readonly channel: Channel;
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly receivedMs: number;
}

export interface SkippedMessage {
  readonly channel: Channel;
  readonly key: string;
  readonly reason: 'too_large' | 'unreadable';
}

export interface FetchResult {
  readonly messages: readonly FetchedMessage[];
  readonly skipped: readonly SkippedMessage[];
  readonly more: boolean;
}

interface Open {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: HardshellError) => void;
  readonly timer: NodeJS.Timeout;
  readonly messages: FetchedMessage[];
  readonly skipped: SkippedMessage[];
  /** Messages, taken and not taken together, that were asked for. */
  readonly messagesMax: number;
  partial: { channel: Channel; key: string; receivedMs: number; want: number; have: number; pieces: Buffer[] } | null;
}

const PERFORM_TIMEOUT_MS = 60_000;
/** Messages that one fetch may report as not taken. */
const SKIPPED_MAX = 1_000;
const FETCH_BYTES_MAX = 67_108_864;

/**
 * The asking side of the connector protocol. A connector is less trusted than we are: whatever it sends is parsed, and
 * an answer that does not fit ends the connection; acts under way are then unknown.
 */
export class ConnectorLink implements ConnectorPort {
  #link: FrameLink | undefined;
  #nextId = 0;
  readonly #open = new Map<string, Open>();
  #connected: (() => void)[] = [];
  readonly #channels: readonly Channel[];

  /** `channels`: what this connector may bring messages of. */
  constructor(channels: readonly Channel[]) {
    this.#channels = channels;
  }

  /** Takes a new connection; an older one is dropped. Returns what the connection's events are given to. */
  attach(link: FrameLink): { readonly onFrame: (frame: unknown) => void; readonly onClose: () => void } {
    this.#link?.destroy();
    this.#failAll();
    this.#link = link;
    for (const wake of this.#connected.splice(0)) wake();
    return {
      onFrame: (frame) => {
        if (this.#link === link) this.#onFrame(frame, link);
      },
      onClose: () => {
        if (this.#link !== link) return;
        this.#link = undefined;
        this.#failAll();
      },
    };
  }

  get connected(): boolean {
    return this.#link !== undefined;
  }

  /** Resolves when a connector is there. */
  whenConnected(): Promise<void> {
    return this.#link === undefined ? new Promise((resolve) => this.#connected.push(resolve)) : Promise.resolve();
  }

  /** New messages, waiting up to `waitMs` for a first one. `acknowledged` are stored durably. */
  async fetch(options: { limit: number; acknowledged: readonly string[]; waitMs: number }): Promise<FetchResult> {
    const { acknowledged, limit, waitMs } = options;
    const message = { type: 'fetch', limit, acknowledged, wait_ms: waitMs };
    const answer = await this.#ask(message, { timeoutMs: waitMs + PERFORM_TIMEOUT_MS, messagesMax: limit });
    return answer as FetchResult;
  }

  async perform(act: { jti: string; wh: string; payload: Uint8Array }): Promise<PerformOutcome> {
    const { jti, wh, payload } = act;
    const answer = await this.#ask({ type: 'perform', jti, wh, bytes: payload.length }, { payload });
    return outcomeOf(answer as ConnectorAnswer, jti);
  }

  async reconcile(act: { jti: string; wh: string }): Promise<PerformOutcome> {
    const answer = await this.#ask({ type: 'reconcile', ...act }, {});
    return outcomeOf(answer as ConnectorAnswer, act.jti);
  }

  async #ask(
    message: object,
    how: { readonly timeoutMs?: number; readonly messagesMax?: number; readonly payload?: Uint8Array },
  ): Promise<unknown> {
    const { timeoutMs = PERFORM_TIMEOUT_MS, messagesMax = 0, payload } = how;
    const link = this.#link;
    if (link === undefined) throw new HardshellError('connection_lost', 'no connector is connected', { fate: 'retry' });
    this.#nextId += 1;
    const id = String(this.#nextId);
    const answer = new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#open.delete(id);
        reject(new HardshellError('timeout', 'the connector did not answer', { fate: 'retry' }));
      }, timeoutMs);
      this.#open.set(id, { resolve, reject, timer, messages: [], skipped: [], messagesMax, partial: null });
    });
    // Lost while the payload is still on its way: told to whoever waits below, and no stray rejection before that.
    answer.catch(() => undefined);
    link.send({ ...message, id });
    if (payload !== undefined) await sendPayload(link, id, payload);
    return answer;
  }

  #onFrame(frame: unknown, link: FrameLink): void {
    const parsed = parseAnswer(frame);
    if (parsed === null) {
      link.destroy();
      return;
    }
    if (parsed.type === 'connector_ready') return;
    const open = this.#open.get(parsed.id);
    if (open === undefined) return;
    const isOwn = !('channel' in parsed) || this.#channels.includes(parsed.channel);
    if (isOwn && takeFetched(open, parsed)) return;
    if (parsed.type !== 'fetched' && parsed.type !== 'outcome') {
      link.destroy();
      return;
    }
    this.#open.delete(parsed.id);
    clearTimeout(open.timer);
    open.resolve(
      parsed.type === 'fetched' ? { messages: open.messages, skipped: open.skipped, more: parsed.more } : parsed,
    );
  }

  #failAll(): void {
    for (const open of this.#open.values()) {
      clearTimeout(open.timer);
      open.reject(new HardshellError('connection_lost', 'the connector went away', { fate: 'retry' }));
    }
    this.#open.clear();
  }
}

async function sendPayload(link: FrameLink, id: string, payload: Uint8Array): Promise<void> {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const step = LIMITS.rawChunkBytesMax.value;
  for (let at = 0, seq = 0; at < bytes.length; at += step, seq += 1) {
    link.send({
      type: 'payload_chunk',
      id,
      seq,
      data: bytes.toString('base64', at, Math.min(at + step, bytes.length)),
    });
    await link.drained();
  }
  link.send({ type: 'payload_end', id });
}

function parseAnswer(frame: unknown): ConnectorAnswer | null {
  if (typeof frame !== 'object' || frame === null || !('type' in frame) || typeof frame.type !== 'string') return null;
  if (!Object.hasOwn(CONNECTOR_ANSWERS, frame.type)) return null;
  const schema = CONNECTOR_ANSWERS[frame.type as keyof typeof CONNECTOR_ANSWERS];
  const parsed = schema.safeParse(frame);
  return parsed.success ? parsed.data : null;
}

/** Puts raw messages together; false when the frame is no part of one, or out of step. */
function takeFetched(open: Open, frame: ConnectorAnswer): boolean {
  switch (frame.type) {
    case 'raw_begin':
      if (open.partial !== null || !hasRoom(open)) return false;
      open.partial = {
        channel: frame.channel,
        key: frame.key,
        receivedMs: Date.parse(frame.received_at),
        want: frame.bytes,
        have: 0,
        pieces: [],
      };
      return true;
    case 'raw_chunk': {
      const { partial } = open;
      if (partial === null || partial.key !== frame.key || frame.seq !== partial.pieces.length) return false;
      const piece = Buffer.from(frame.data, 'base64');
      if (piece.length === 0) return false;
      partial.have += piece.length;
      partial.pieces.push(piece);
      return partial.have <= partial.want;
    }
    case 'raw_end': {
      const { partial } = open;
      if (partial === null || partial.key !== frame.key || partial.have !== partial.want) return false;
      const bytes = Buffer.concat(partial.pieces);
      if (createHash('sha256').update(bytes).digest('hex') !== frame.sha256) return false;
      const { channel, key, receivedMs } = partial;
      open.messages.push({ channel, key, bytes, sha256: frame.sha256, receivedMs });
      open.partial = null;
      return true;
    }
    case 'raw_skipped':
      if (open.skipped.length >= SKIPPED_MAX) return false;
      open.skipped.push({ channel: frame.channel, key: frame.key, reason: frame.reason });
      return true;
    default:
      return false;
  }
}

/** An honest connector ends an answer once it holds this much; one more message of any size may be in it. */
function hasRoom({ messages, messagesMax }: Open): boolean {
  const bytes = messages.reduce((sum, message) => sum + message.bytes.length, 0);
  return messages.length < messagesMax && bytes < FETCH_BYTES_MAX;
}

function outcomeOf(answer: ConnectorAnswer, jti: string): PerformOutcome {
  if (answer.type !== 'outcome' || answer.jti !== jti) return { state: 'unknown', accepted: null, reason: null };
  return { state: answer.state, accepted: answer.accepted ?? null, reason: answer.reason ?? null };
}
