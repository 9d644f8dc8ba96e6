import { connect as connectUnix, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { openTunnel } from '../../../src/bridge/index.ts';

const WAIT_MS = 12_000;

/** TLS through a tunnel, ready for use. Rejects with what went wrong. */
export async function tlsThrough(
  socketPath: string,
  target: { name: string; port: number },
  options: ConnectionOptions,
): Promise<TLSSocket> {
  const socket = await openTunnel({ socketPath, ...target });
  const secured = connectTls({ socket, servername: target.name, ...options });
  await new Promise<void>((resolve, reject) => {
    secured.once('secureConnect', resolve);
    secured.once('error', reject);
    secured.once('close', () => reject(new Error('closed before TLS stood')));
  });
  return secured;
}

/** Everything until the peer ends. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.on('end', () => socket.end());
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    socket.destroy();
  }, WAIT_MS);
  if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve));
  clearTimeout(timer);
  if (late) throw new Error('the other side never ended');
  return Buffer.concat(chunks);
}

/** Sends a raw request head and gives all that comes back. */
export async function askRaw(socketPath: string, head: string | Buffer): Promise<string> {
  const socket = connectUnix({ path: socketPath, allowHalfOpen: true });
  socket.write(head);
  return (await readAll(socket)).toString('latin1');
}

/** The status and the reason of a refused CONNECT. */
export async function askConnect(socketPath: string, authority: string): Promise<string> {
  const text = await askRaw(socketPath, `CONNECT ${authority} HTTP/1.1\r\nhost: x\r\n\r\n`);
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 'none';
  const reason = /"error":"([a-z_]+)","message":"[^"]{20,}"/.exec(text)?.[1] ?? 'none';
  return `${status} ${reason}`;
}

/** A tunnel into which the test writes by hand. */
export async function rawTunnel(socketPath: string, target: { name: string; port: number }): Promise<Socket> {
  const socket = await openTunnel({ socketPath, ...target });
  socket.on('error', () => undefined);
  return socket;
}

/** The bytes that Node's TLS would send first. */
export async function captureHello(options: ConnectionOptions): Promise<Buffer> {
  const { Duplex } = await import('node:stream');
  return await new Promise((resolve) => {
    const wire = new Duplex({
      read: () => undefined,
      write(chunk: Buffer, _encoding, done) {
        done();
        resolve(Buffer.from(chunk));
        setImmediate(() => secured.destroy());
      },
    });
    const secured = connectTls({ socket: wire, ...options });
    secured.on('error', () => undefined);
  });
}
