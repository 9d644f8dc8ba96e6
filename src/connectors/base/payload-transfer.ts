import { HardshellError, type ConnectorRequest } from '../../contracts/index.ts';

type Request<T extends ConnectorRequest['type']> = Extract<ConnectorRequest, { type: T }>;

/** Largest payload of an act: a mail of 100 000 characters in base64 is far below. */
export const PAYLOAD_BYTES_MAX = 4_194_304;
const TRANSFERS_MAX = 8;

interface Transfer {
  readonly request: Request<'perform'>;
  readonly pieces: Buffer[];
  bytes: number;
}

/**
 * Puts the payloads of `perform` requests together. The executor is the only peer; whatever is out of step means that
 * one of us is broken, so it throws `malformed` and the connection ends.
 */
export class PayloadTransfers {
  readonly #open = new Map<string, Transfer>();

  begin(request: Request<'perform'>): void {
    if (request.bytes > PAYLOAD_BYTES_MAX) outOfStep('payload passes the limit');
    if (this.#open.has(request.id) || this.#open.size >= TRANSFERS_MAX)
      outOfStep('payload was begun twice, or too many at once');
    this.#open.set(request.id, { request, pieces: [], bytes: 0 });
  }

  chunk(request: Request<'payload_chunk'>): void {
    const transfer = this.#find(request.id);
    if (request.seq !== transfer.pieces.length) outOfStep('payload chunk is out of order');
    const piece = Buffer.from(request.data, 'base64');
    transfer.bytes += piece.length;
    if (piece.length === 0 || transfer.bytes > transfer.request.bytes)
      outOfStep('payload has other bytes than announced');
    transfer.pieces.push(piece);
  }

  /** The request and its whole payload. */
  end(request: Request<'payload_end'>): { readonly request: Request<'perform'>; readonly payload: Buffer } {
    const transfer = this.#find(request.id);
    this.#open.delete(request.id);
    if (transfer.bytes !== transfer.request.bytes) outOfStep('payload has other bytes than announced');
    return { request: transfer.request, payload: Buffer.concat(transfer.pieces) };
  }

  #find(id: string): Transfer {
    return this.#open.get(id) ?? outOfStep('payload was not begun');
  }
}

function outOfStep(message: string): never {
  throw new HardshellError('malformed', message, { fate: 'stop' });
}
