import { request, type IncomingMessage } from 'node:http';
import { Readable, Transform } from 'node:stream';
import { HardshellError } from '../../contracts/index.ts';

export interface SocketFetchOptions {
  readonly socketPath: string;
  /** Largest answer in bytes; beyond it the body fails. */
  readonly responseBytesMax: number;
  /** Milliseconds without a byte before the call fails. */
  readonly idleMs: number;
}

/**
 * A `fetch` that can reach one Unix socket and nothing else: the host of the URL is ignored, no redirect is followed.
 * Only text bodies are sent. Throws `unavailable` when nobody answers.
 */
export function socketFetch(options: SocketFetchOptions): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const body = init?.body ?? null;
    if (input instanceof Request || (body !== null && typeof body !== 'string')) {
      throw new HardshellError('malformed', 'only a URL and a text body can be sent', { fate: 'refuse' });
    }
    const signal = init?.signal ?? undefined;
    signal?.throwIfAborted();
    const incoming = await send(options, {
      url,
      method: init?.method ?? 'GET',
      headers: new Headers(init?.headers),
      body,
      signal,
    });
    return new Response(withoutBody(incoming) ? null : webBody(incoming, options.responseBytesMax), {
      status: incoming.statusCode ?? 502,
      headers: headersOf(incoming),
    });
  };
}

interface Sending {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string | null;
  readonly signal: AbortSignal | undefined;
}

function send(options: SocketFetchOptions, { url, method, headers, body, signal }: Sending): Promise<IncomingMessage> {
  const bytes = body === null ? null : Buffer.from(body, 'utf8');
  return new Promise((resolve, reject) => {
    const outgoing = request({
      socketPath: options.socketPath,
      path: `${url.pathname}${url.search}`,
      method,
      headers: {
        ...Object.fromEntries(headers),
        host: 'model',
        ...(bytes === null ? {} : { 'content-length': bytes.length }),
      },
      agent: false,
      maxHeaderSize: 16_384,
      // An abort ends the call at any point: before the head, and while the body comes.
      ...(signal === undefined ? {} : { signal }),
    });
    outgoing.setTimeout(options.idleMs, () => outgoing.destroy(new Error('the model is silent')));
    outgoing.once('response', resolve);
    outgoing.once('error', (cause) => {
      reject(
        signal?.aborted === true
          ? signal.reason
          : new HardshellError('unavailable', 'the model does not answer', { fate: 'retry', cause }),
      );
    });
    outgoing.end(bytes ?? undefined);
  });
}

/** The body as a web stream that reads no faster than it is read, and fails past the cap. */
function webBody(incoming: IncomingMessage, bytesMax: number): ReadableStream<Uint8Array> {
  let held = 0;
  const cap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      held += chunk.length;
      done(
        held > bytesMax ? new HardshellError('too_large', 'the model’s answer is too long', { fate: 'refuse' }) : null,
        chunk,
      );
    },
  });
  incoming.once('error', (cause) => cap.destroy(cause));
  incoming.once('aborted', () =>
    cap.destroy(new HardshellError('connection_lost', 'the model’s answer broke off', { fate: 'retry' })),
  );
  cap.once('close', () => incoming.destroy());
  return Readable.toWeb(incoming.pipe(cap)) as ReadableStream<Uint8Array>;
}

function withoutBody(incoming: IncomingMessage): boolean {
  return incoming.statusCode === 204 || incoming.statusCode === 304;
}

function headersOf(incoming: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (typeof value === 'string') headers.set(name, value);
  }
  return headers;
}
