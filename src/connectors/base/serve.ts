import type { Socket } from 'node:net';
import { FrameConnection, WIRE_CONNECTION_LIMITS, type Frame } from '../../bridge/index.ts';
import {
  CONNECTOR_REQUESTS,
  HardshellError,
  type ConnectorAnswer,
  type ConnectorRequest,
} from '../../contracts/index.ts';
import { fetchMessages } from './fetch.ts';
import { cutPayload, payloadDigest } from './payload.ts';
import { PayloadTransfers } from './payload-transfer.ts';
import type { PerformOutcome, Provider } from './provider.ts';

/**
 * Answers the executor on its socket until the connection ends; then the provider is closed. Fetches run one after
 * another and acts run one after another, both at the same time, so that a long wait for mail delays no act.
 * Rejects with `malformed` when the executor is out of step.
 */
export async function serveConnector(socket: Socket, provider: Provider): Promise<void> {
  const gone = new AbortController();
  const transfers = new PayloadTransfers();
  const fetches = new Chain();
  const acts = new Chain();
  let fault: unknown;
  await new Promise<void>((resolve) => {
    const send = (answer: ConnectorAnswer): void => connection.send(answer);
    const stop = (error: unknown): void => {
      fault ??= error;
      connection.destroy();
    };
    const handle = (frame: Frame): void => {
      const request = parseRequest(frame);
      switch (request.type) {
        case 'fetch':
          return fetches.add(() => fetchMessages(request, { provider, connection, signal: gone.signal }), stop);
        case 'perform':
          return transfers.begin(request);
        case 'payload_chunk':
          return transfers.chunk(request);
        case 'payload_end': {
          const whole = transfers.end(request);
          return acts.add(async () => send(outcomeFrame(whole.request, await performChecked(provider, whole))), stop);
        }
        case 'reconcile':
          return acts.add(async () => send(outcomeFrame(request, await provider.reconcile(request))), stop);
        default:
          return request satisfies never;
      }
    };
    const onFrame = (frame: Frame): void => {
      try {
        handle(frame);
      } catch (error) {
        stop(error);
      }
    };
    const connection = new FrameConnection(
      socket,
      { onFrame, onClose: () => resolve() },
      { ...WIRE_CONNECTION_LIMITS, idleMs: 0 },
    );
    send({ type: 'connector_ready', name: provider.name, v: 1 });
  });
  gone.abort();
  await Promise.all([fetches.idle(), acts.idle()]);
  provider.close();
  if (fault !== undefined) throw fault;
}

/** Refuses bytes that are not the approved ones before the provider sees any of them. */
async function performChecked(
  provider: Provider,
  whole: { readonly request: { readonly jti: string; readonly wh: string }; readonly payload: Buffer },
): Promise<PerformOutcome> {
  if (payloadDigest(whole.payload) !== whole.request.wh) return { state: 'failed', reason: 'mismatch' };
  const cut = cutPayload(whole.payload);
  if (cut === null) return { state: 'failed', reason: 'refused' };
  return provider.perform({ jti: whole.request.jti, wh: whole.request.wh, ...cut });
}

function outcomeFrame(
  request: { readonly id: string; readonly jti: string },
  outcome: PerformOutcome,
): ConnectorAnswer {
  return { type: 'outcome', id: request.id, jti: request.jti, ...outcome };
}

function parseRequest(frame: Frame): ConnectorRequest {
  const type = frame['type'];
  if (typeof type === 'string' && Object.hasOwn(CONNECTOR_REQUESTS, type)) {
    const parsed = CONNECTOR_REQUESTS[type as ConnectorRequest['type']].safeParse(frame);
    if (parsed.success) return parsed.data;
  }
  throw new HardshellError('malformed', 'request is not of this protocol', { fate: 'stop' });
}

/** Runs tasks one after another; a failing one goes to its owner and stops nothing by itself. */
class Chain {
  #last: Promise<void> = Promise.resolve();

  add(task: () => Promise<void>, onFault: (error: unknown) => void): void {
    this.#last = this.#last.then(task).catch(onFault);
  }

  idle(): Promise<void> {
    return this.#last;
  }
}
