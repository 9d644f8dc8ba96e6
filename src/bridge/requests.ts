import { HardshellError, LIMITS, type Refusal } from '../contracts/index.ts';
import type { Frame, FrameConnection } from './connection.ts';
import { listenFrames, type Listener, type ListenOptions } from './server.ts';

export interface RequestContext {
  /** Aborted when the connection that asked is gone: a long wait for it can end. */
  readonly signal: AbortSignal;
}

export interface ServeOptions extends Omit<ListenOptions, 'accept'> {
  /** Requests of this zone, over all its connections, that may wait at once. */
  readonly inFlightMax?: number;
  readonly framesPerSecondMax?: number;
  /** Answers one request. `id` is already taken off; throw only for faults of ours. */
  readonly handle: (request: Frame, context: RequestContext) => Promise<object>;
  /** Faults of ours and cut connections, for the log of the process. Never sees content. */
  readonly onFault?: (fault: unknown) => void;
}

/**
 * Serves requests on one socket. Answers come in any order and carry the request's `id`; nothing is sent unasked.
 * Too many waiting requests or too many frames a second are answered `overloaded`.
 */
export function serveFrames(options: ServeOptions): Promise<Listener> {
  const zone = { inFlight: 0, bucket: newBucket(options.framesPerSecondMax ?? LIMITS.zoneFramesPerSecondMax.value) };
  return listenFrames({
    ...options,
    accept: (attach) => {
      const gone = new AbortController();
      const state = { inFlight: 0 };
      const connection = attach({
        onFrame: (frame) => void answer(frame, { options, zone, state, connection, gone }),
        onClose: (cause) => {
          gone.abort();
          if (cause !== undefined) options.onFault?.(cause);
        },
      });
    },
  });
}

interface Answering {
  readonly options: ServeOptions;
  readonly zone: { inFlight: number; readonly bucket: Bucket };
  readonly state: { inFlight: number };
  readonly connection: FrameConnection;
  readonly gone: AbortController;
}

async function answer(frame: Frame, at: Answering): Promise<void> {
  const { id, ...request } = frame;
  if (id !== undefined && (typeof id !== 'string' || id.length > LIMITS.frameIdCharsMax.value)) {
    at.connection.send(errorFrame({ error: 'malformed', message: 'id must be a string of at most 64 characters' }));
    return;
  }
  const reply = (message: object): void => at.connection.send(id === undefined ? message : { ...message, id });
  const refusal = admit(at, id);
  if (refusal !== undefined) return reply(errorFrame(refusal));
  at.zone.inFlight += 1;
  at.state.inFlight += 1;
  try {
    reply(await at.options.handle(request, { signal: at.gone.signal }));
  } catch (fault) {
    at.options.onFault?.(fault);
    reply(errorFrame(refusalOfFault(fault)));
  } finally {
    at.zone.inFlight -= 1;
    at.state.inFlight -= 1;
  }
}

function admit(at: Answering, id: unknown): Refusal | undefined {
  if (!takeToken(at.zone.bucket)) {
    return { error: 'overloaded', message: 'too many frames a second; wait before the next', retry_after_ms: 1_000 };
  }
  if (at.state.inFlight > 0 && id === undefined) {
    return { error: 'malformed', message: 'id is required while another request is in flight' };
  }
  if (at.zone.inFlight >= (at.options.inFlightMax ?? LIMITS.inFlightMax.value)) {
    return { error: 'overloaded', message: 'too many requests in flight; wait for an answer', retry_after_ms: 100 };
  }
  return undefined;
}

function refusalOfFault(fault: unknown): Refusal {
  if (fault instanceof HardshellError && fault.code === 'too_large')
    return { error: 'too_large', message: fault.message };
  if (fault instanceof HardshellError && fault.code === 'malformed')
    return { error: 'malformed', message: fault.message };
  return { error: 'unavailable', message: 'the executor could not do this; see its log' };
}

/** The wire form of a refusal. */
export function errorFrame(refusal: Refusal): object {
  return { type: 'error', ...refusal };
}

interface Bucket {
  readonly perSecond: number;
  tokens: number;
  filledAt: number;
}

function newBucket(perSecond: number): Bucket {
  return { perSecond, tokens: perSecond, filledAt: performance.now() };
}

function takeToken(bucket: Bucket): boolean {
  const now = performance.now();
  bucket.tokens = Math.min(bucket.perSecond, bucket.tokens + ((now - bucket.filledAt) / 1_000) * bucket.perSecond);
  bucket.filledAt = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}
