import type { Socket } from 'node:net';

export type Piece =
  { readonly kind: 'bytes'; readonly bytes: Buffer } | { readonly kind: 'ended' } | { readonly kind: 'late' };

/** What the socket gives next, taken by hand: nothing is read ahead of what is asked for. */
export function nextPiece(socket: Socket, deadline: AbortSignal): Promise<Piece> {
  const taken = take(socket);
  if (taken !== undefined) return Promise.resolve(taken);
  if (deadline.aborted) return Promise.resolve({ kind: 'late' });
  return new Promise((resolve) => {
    const settle = (piece: Piece | undefined): void => {
      if (piece === undefined) return;
      socket.off('readable', onReadable);
      socket.off('end', onEnd);
      socket.off('close', onEnd);
      deadline.removeEventListener('abort', onLate);
      resolve(piece);
    };
    const onReadable = (): void => settle(take(socket));
    const onEnd = (): void => settle({ kind: 'ended' });
    const onLate = (): void => settle({ kind: 'late' });
    socket.on('readable', onReadable);
    socket.on('end', onEnd);
    socket.on('close', onEnd);
    deadline.addEventListener('abort', onLate);
  });
}

function take(socket: Socket): Piece | undefined {
  const bytes = socket.read() as Buffer | null;
  if (bytes !== null) return { kind: 'bytes', bytes };
  return socket.readableEnded || socket.destroyed ? { kind: 'ended' } : undefined;
}
