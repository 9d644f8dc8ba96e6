import { createConnection, type Socket } from 'node:net';

const DIAL_MS_MAX = 15_000;
const RETRY_MS = 20;

/**
 * Connects in a zone's place and carries bytes both ways, reading none of them. Whoever listens there may come up a
 * moment after the zone; where nobody does, or either side ends, both ends are closed.
 */
export function dial(near: Socket, path: string): void {
  near.pause();
  near.on('error', () => near.destroy());
  const deadline = performance.now() + DIAL_MS_MAX;
  const attempt = (): void => {
    if (near.destroyed) return;
    const far = createConnection({ path });
    far.once('connect', () => {
      far.on('close', () => near.destroy());
      near.on('close', () => far.destroy());
      near.pipe(far).pipe(near);
    });
    far.on('error', () => {
      far.destroy();
      if (far.bytesRead + far.bytesWritten > 0 || performance.now() > deadline) near.destroy();
      else setTimeout(attempt, RETRY_MS).unref();
    });
  };
  attempt();
}
