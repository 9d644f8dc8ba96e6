import { spawn } from 'node:child_process';
import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { HandshakeReader, parseClientHello, parseTarget, type HandshakeRead } from '../../src/egress/index.ts';
import { captureHello } from './lab/clients.ts';
import { messageIn, toRecords, withExtensions } from './lab/hello-bytes.ts';
import { createServer } from 'node:net';

const NAME = 'api.listed.example';
const RUNS = process.env['SLOW'] === '1' ? 100_000 : 2_000;
const hellos: Buffer[] = [];
// A long run takes minutes on a slow machine.
vi.setConfig({ testTimeout: 600_000 });

beforeAll(async () => {
  hellos.push(
    await captureHello({ servername: NAME }),
    await captureHello({ servername: NAME, maxVersion: 'TLSv1.2' }),
    await captureHello({ servername: NAME, minVersion: 'TLSv1.3', ALPNProtocols: ['h2', 'http/1.1'] }),
    await captureFromOpenssl(['-servername', NAME]),
    await captureFromOpenssl(['-servername', NAME, '-tls1_2', '-alpn', 'imap']),
  );
});

/** Pushes in pieces; what comes out is the same however it was cut. */
function readIn(
  bytes: Buffer,
  sizes: readonly number[],
  options = { followers: false, preamble: false },
): HandshakeRead {
  const reader = new HandshakeReader({ bytesMax: 65_536, ...options });
  let at = 0;
  let turn = 0;
  while (at < bytes.length) {
    const size = Math.max(1, sizes[turn % Math.max(1, sizes.length)] ?? 1);
    turn += 1;
    const read = reader.push(bytes.subarray(at, at + size));
    if (read.kind !== 'more')
      return read.kind === 'message' ? { ...read, rest: Buffer.concat([read.rest, bytes.subarray(at + size)]) } : read;
    at += size;
  }
  return { kind: 'more' };
}

describe('real hellos', () => {
  test('of Node and of OpenSSL are read, whole, in records and byte by byte', () => {
    for (const hello of hellos) {
      for (const cut of [hello, toRecords(messageIn(hello), 1), toRecords(messageIn(hello), 37)]) {
        for (const sizes of [[65_536], [1], [3, 700, 1]]) {
          const read = readIn(cut, sizes);
          expect(read.kind === 'message' ? parseClientHello(read.body) : read.kind).toEqual({ ok: true, name: NAME });
          expect(read.kind === 'message' && read.bytes.equals(cut) && read.rest.length === 0).toBe(true);
        }
      }
    }
  });

  test('cut short are waited for and never judged', () => {
    for (const hello of hellos) {
      for (let length = 0; length < hello.length; length++) {
        expect(readIn(hello.subarray(0, length), [65_536]).kind).toBe('more');
      }
    }
  });

  test('with any extension twice are refused', () => {
    for (const hello of hellos) {
      let extensions = 0;
      withExtensions(hello, (old) => ((extensions = old.length), old));
      for (let i = 0; i < extensions; i++) {
        const doubled = withExtensions(hello, (old) => [...old, ...old.slice(i, i + 1)]);
        expect(parseClientHello(messageIn(doubled).subarray(4))).toEqual({ ok: false, reason: 'hello_malformed' });
      }
    }
  });

  test('with an extension cut off anywhere are refused, never read in part', () => {
    for (const hello of hellos) {
      const body = messageIn(hello).subarray(4);
      for (let length = 0; length < body.length; length++) {
        expect(parseClientHello(body.subarray(0, length)).ok).toBe(false);
      }
    }
  });
});

describe('hostile bytes', () => {
  test('never throw and never hang, whatever they are', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2_000 }),
        fc.array(fc.integer({ min: 1, max: 600 }), { maxLength: 5 }),
        (bytes, sizes) => {
          const read = readIn(Buffer.from(bytes), sizes);
          if (read.kind === 'message') parseClientHello(read.body);
          parseClientHello(Buffer.from(bytes));
          return true;
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('made from real hellos pass only where the name still stands in them, and give the same however they are cut', () => {
    const flips = fc.array(fc.tuple(fc.nat(4_000), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.nat(4),
        flips,
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 4 }),
        (which, changes, sizes) => {
          const bytes = Buffer.from(hellos[which] ?? Buffer.alloc(0));
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          const [whole, cut] = [readIn(bytes, [65_536]), readIn(bytes, sizes)];
          expect(cut.kind).toBe(whole.kind);
          if (whole.kind !== 'message' || cut.kind !== 'message') return;
          expect(cut.bytes.equals(whole.bytes)).toBe(true);
          expect(Buffer.concat([whole.bytes, whole.rest]).equals(bytes)).toBe(true);
          const parsed = parseClientHello(whole.body);
          if (parsed.ok)
            expect(whole.body.toString('latin1').replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())).toContain(
              parsed.name,
            );
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('of 64 KiB in records of one byte cost no more than their length', () => {
    const message = Buffer.concat([Buffer.from([1, 0, 0x2a, 0x00]), Buffer.alloc(10_752)]);
    const read = readIn(toRecords(message, 1), [1]);
    expect(read.kind).toBe('message');
    expect(readIn(Buffer.concat([toRecords(message, 1), Buffer.alloc(1)]), [7]).kind).toBe('message');
    const tooLong = Buffer.concat([Buffer.from([1, 0, 0xff, 0xff]), Buffer.alloc(65_535)]);
    expect(readIn(toRecords(tooLong, 1), [1]).kind).toBe('too_large');
    expect(readIn(toRecords(tooLong, 16_384), [65_536]).kind).toBe('too_large');
  });
});

describe('the words of a CONNECT', () => {
  test('never throw, and what passes is a plain name with a listed port', () => {
    const words = fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.tuple(fc.domain(), fc.constantFrom(443, 465, 993, 25, 80)).map(([name, port]) => `${name}:${port}`),
      fc.tuple(fc.ipV4Extended(), fc.nat(70_000)).map(([name, port]) => `${name}:${port}`),
      fc.tuple(fc.ipV6(), fc.nat(70_000)).map(([name, port]) => `[${name}]:${port}`),
    );
    fc.assert(
      fc.property(words, (text) => {
        const parsed = parseTarget(text);
        if (!parsed.ok) return;
        const { name, port } = parsed.target;
        expect(`${name}:${port}`).toBe(text);
        expect([443, 465, 993]).toContain(port);
        expect(new URL(`https://${name}/`).hostname).toBe(name);
      }),
      { numRuns: RUNS },
    );
  });
});

/** The bytes that `openssl s_client` sends first. */
async function captureFromOpenssl(options: readonly string[]): Promise<Buffer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const got = new Promise<Buffer>((resolve) => {
    server.once('connection', (socket) => {
      socket.once('data', (bytes: Buffer) => {
        resolve(bytes);
        socket.destroy();
        server.close();
      });
    });
  });
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...options], { stdio: 'ignore' });
  const bytes = await got;
  child.kill();
  return bytes;
}
