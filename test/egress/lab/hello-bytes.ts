import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';

const EXTENSION = { serverName: 0, encryptedHello: 0xfe0d, padding: 21 } as const;

/** A handshake message in records of at most `each` bytes. */
export function toRecords(message: Buffer, each: number): Buffer {
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += each) {
    const part = message.subarray(at, at + each);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(records);
}

/** The handshake message in these records. */
export function messageIn(records: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at + 5 <= records.length; at += 5 + records.readUInt16BE(at + 3)) {
    parts.push(records.subarray(at + 5, at + 5 + records.readUInt16BE(at + 3)));
  }
  return Buffer.concat(parts);
}

interface Extension {
  readonly type: number;
  readonly data: Buffer;
}

/** A ClientHello with other extensions: `change` gets the old ones. Its lengths are right again afterwards. */
export function withExtensions(record: Buffer, change: (old: readonly Extension[]) => readonly Extension[]): Buffer {
  const message = messageIn(record);
  let at = 4 + 2 + 32;
  at += 1 + (message[at] ?? 0);
  at += 2 + message.readUInt16BE(at);
  at += 1 + (message[at] ?? 0);
  const fixed = message.subarray(4, at);
  const old: Extension[] = [];
  for (let from = at + 2; from < message.length;) {
    const length = message.readUInt16BE(from + 2);
    old.push({ type: message.readUInt16BE(from), data: message.subarray(from + 4, from + 4 + length) });
    from += 4 + length;
  }
  const list = Buffer.concat(change(old).flatMap(({ type, data }) => [number16(type), number16(data.length), data]));
  const body = Buffer.concat([fixed, number16(list.length), list]);
  return toRecords(Buffer.concat([Buffer.from([1]), number24(body.length), body]), 16_384);
}

export function serverName(...names: readonly string[]): Extension {
  const list = Buffer.concat(
    names.flatMap((name) => [Buffer.from([0]), number16(name.length), Buffer.from(name, 'latin1')]),
  );
  return { type: EXTENSION.serverName, data: Buffer.concat([number16(list.length), list]) };
}

export function replaceName(record: Buffer, ...names: readonly string[]): Buffer {
  return withExtensions(record, (old) => [
    ...old.filter(({ type }) => type !== EXTENSION.serverName),
    serverName(...names),
  ]);
}

export function addEncryptedHello(record: Buffer): Buffer {
  return withExtensions(record, (old) => [...old, { type: EXTENSION.encryptedHello, data: Buffer.alloc(64, 7) }]);
}

export function addPadding(record: Buffer, bytes: number): Buffer {
  return withExtensions(record, (old) => [
    ...old.filter(({ type }) => type !== EXTENSION.padding),
    { type: EXTENSION.padding, data: Buffer.alloc(bytes) },
  ]);
}

/** A stream that writes its first record in small pieces: as TLS records of `each` bytes, and byte by byte. */
export function cutFirstRecord(socket: Socket, each: number): Duplex {
  let first = true;
  const pieces = (bytes: Buffer, at: number, done: () => void): void => {
    if (at === bytes.length) return done();
    socket.write(bytes.subarray(at, at + 1));
    setImmediate(() => pieces(bytes, at + 1, done));
  };
  const cut = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      if (!first) return void socket.write(chunk, () => done());
      first = false;
      pieces(toRecords(messageIn(chunk), each), 0, done);
    },
    final: (done) => void socket.end(() => done()),
  });
  socket.on('data', (chunk) => cut.push(chunk));
  socket.on('end', () => cut.push(null));
  return cut;
}

function number16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 255]);
}

function number24(value: number): Buffer {
  return Buffer.from([value >> 16, (value >> 8) & 255, value & 255]);
}
