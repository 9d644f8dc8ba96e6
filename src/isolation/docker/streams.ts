import type { Socket } from 'node:net';

const HEADER_BYTES = 8;

/**
 * Takes the engine's framing off the two output streams of a container: 1 byte stream, 3 bytes zero, 4 bytes length.
 * What the zone wrote is handed on as it comes; nothing of it is kept here.
 */
export function readFrames(socket: Socket, onOutput: (stream: 'out' | 'err', chunk: Buffer) => void): void {
  let header: Buffer = Buffer.alloc(0);
  let stream: 'out' | 'err' = 'out';
  let remaining = 0;
  socket.on('data', (data: Buffer) => {
    let at = 0;
    while (at < data.length) {
      if (remaining > 0) {
        const chunk = data.subarray(at, at + remaining);
        onOutput(stream, chunk);
        at += chunk.length;
        remaining -= chunk.length;
        continue;
      }
      const part = data.subarray(at, at + HEADER_BYTES - header.length);
      header = Buffer.concat([header, part]);
      at += part.length;
      if (header.length < HEADER_BYTES) continue;
      stream = header[0] === 2 ? 'err' : 'out';
      remaining = header.readUInt32BE(4);
      header = Buffer.alloc(0);
    }
  });
}
