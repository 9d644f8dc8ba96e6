import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Two ends of a connected stream. Node has no `socketpair`, so both meet at a name in a fresh folder of ours (0700),
 * which is gone before anything is sent.
 */
export async function makeSocketPair(): Promise<readonly [near: Socket, far: Socket]> {
  const folder = mkdtempSync(join(tmpdir(), 'hs-'));
  const server = createServer({ pauseOnConnect: true });
  try {
    const path = join(folder, 's');
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const near = new Socket();
    await new Promise<void>((resolve, reject) => {
      near.once('error', reject);
      near.connect(path, resolve);
    });
    near.removeAllListeners('error');
    return [near, await accepted];
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
