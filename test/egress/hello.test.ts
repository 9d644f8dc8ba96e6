import { connect as connectTls } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { captureHello, rawTunnel, readAll, tlsThrough } from './lab/clients.ts';
import { LISTED_443, withEgress, type Fixture } from './lab/fixture.ts';
import { addEncryptedHello, addPadding, cutFirstRecord, messageIn, replaceName, toRecords } from './lab/hello-bytes.ts';
import { NET } from './lab/namespaces.ts';
import { LISTED, RETRY, UNLISTED } from './lab/world.ts';

const RETRY_443 = { name: RETRY, port: 443 } as const;
const ALERT = /^\x15\x03\x03\x00\x02\x02/; // oxlint-disable-line no-control-regex -- an alert record

await withEgress('the first bytes of a tunnel', { 'connector-gmail': [LISTED_443, RETRY_443] }, (at) => {
  /** What the client reads back after sending these bytes into a fresh tunnel, and the reason that was logged. */
  const send = async (
    bytes: Buffer,
    target: { name: string; port: number } = LISTED_443,
  ): Promise<[string, string]> => {
    const { egress, gmail } = at();
    const socket = await rawTunnel(gmail, target);
    socket.write(bytes);
    const text = (await readAll(socket)).toString('latin1');
    const [event] = await egress.events(1);
    return [text, event?.kind === 'refused' ? event.reason : (event?.kind ?? '')];
  };
  const tlsSeen = async ({ world }: Fixture): Promise<readonly unknown[]> =>
    (await world.seen()).filter(({ kind }) => kind === 'tls' || kind === 'tls-failed');

  test('a hello that names another server than the CONNECT is answered with an alert, and the server never sees it', async () => {
    const { egress, gmail, world } = at();
    await expect(tlsThrough(gmail, LISTED_443, { ca: world.ca, servername: UNLISTED })).rejects.toThrow(
      /unrecognized name/,
    );
    expect((await egress.events(1))[0]).toMatchObject({ reason: 'sni_differs', name: LISTED, port: 443 });
    expect(await tlsSeen(at())).toEqual([]);
  });

  test('a hello that names no server is refused', async () => {
    const { egress, gmail, world } = at();
    await expect(tlsThrough(gmail, LISTED_443, { ca: world.ca, servername: '' })).rejects.toThrow(/missing extension/);
    expect((await egress.events(1))[0]).toMatchObject({ reason: 'sni_missing' });
    expect(await tlsSeen(at())).toEqual([]);
  });

  test('a hello that names the server in capitals passes: names are compared without case', async () => {
    const { egress, gmail, world } = at();
    const socket = await tlsThrough(gmail, LISTED_443, { ca: world.ca, servername: LISTED.toUpperCase() });
    socket.end();
    await readAll(socket);
    await egress.events(2);
  });

  test.each([
    ['hides its name (ECH)', (hello: Buffer) => addEncryptedHello(hello), 'ech_refused'],
    ['names two servers', (hello: Buffer) => replaceName(hello, LISTED, UNLISTED), 'sni_several'],
    ['names the server with a final dot', (hello: Buffer) => replaceName(hello, `${LISTED}.`), 'sni_differs'],
    ['names the server and a zero byte', (hello: Buffer) => replaceName(hello, `${LISTED}\0.evil`), 'sni_differs'],
    ['names an empty server', (hello: Buffer) => replaceName(hello, ''), 'hello_malformed'],
    ['carries a second hello in its record', (hello: Buffer) => toRecords(twice(hello), 16_384), 'hello_malformed'],
    [
      'is 65 KiB long',
      (hello: Buffer) => toRecords(claimed(messageIn(addPadding(hello, 60_000)), 66_560), 16_000),
      'hello_too_large',
    ],
    [
      'is cut off by an alert',
      (hello: Buffer) => Buffer.concat([hello.subarray(0, 0), Buffer.from([21, 3, 3, 0, 2, 2, 0])]),
      'hello_ended',
    ],
    ['is another handshake message', (hello: Buffer) => withType(hello, 2), 'hello_malformed'],
    [
      'has an empty record',
      (hello: Buffer) => Buffer.concat([Buffer.from([22, 3, 1, 0, 0]), hello]),
      'hello_malformed',
    ],
  ])('a hello that %s is refused, and the server never sees it', async (_what, change, reason) => {
    const hello = await captureHello({ servername: LISTED });
    const [answer, logged] = await send(change(hello));
    expect(logged).toBe(reason);
    if (reason !== 'hello_ended') expect(answer).toMatch(ALERT);
    expect(await tlsSeen(at())).toEqual([]);
  });

  test('its twin, padded to nearly 64 KiB but true, reaches the server', async () => {
    const hello = addPadding(await captureHello({ servername: LISTED }), 60_000);
    const { egress, gmail } = at();
    const socket = await rawTunnel(gmail, LISTED_443);
    socket.write(toRecords(messageIn(hello), 16_000));
    const first = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    // A ServerHello, or the server's own alert about so long a padding: in both cases the server's words.
    expect([21, 22]).toContain(first[0]);
    socket.destroy();
    await egress.events(2);
  });

  test.each([
    ['GET / HTTP/1.1\r\nhost: api.listed.example\r\n\r\n'],
    ['EHLO example\r\nSTARTTLS\r\n'],
    ['SSH-2.0-OpenSSH\r\n'],
    ['\u0080\u002e\u0001\u0003\u0001'],
  ])('plain words %j get words back and go nowhere', async (text) => {
    const [answer, logged] = await send(Buffer.from(text, 'latin1'));
    expect(answer).toMatch(/^HTTP\/1\.1 403 .*"error":"hello_not_tls"/s);
    expect(logged).toBe('hello_not_tls');
    expect(await tlsSeen(at())).toEqual([]);
  });

  test('a hello that comes byte by byte in tiny records passes', async () => {
    const { egress, gmail, world } = at();
    const socket = await rawTunnel(gmail, LISTED_443);
    const secured = connectTls({ socket: cutFirstRecord(socket, 37), servername: LISTED, ca: world.ca });
    const text = await new Promise<string>((resolve, reject) => {
      secured.once('data', (chunk: Buffer) => resolve(chunk.toString()));
      secured.once('error', reject);
    });
    expect(text).toBe(`hello ${LISTED}\n`);
    secured.destroy();
    socket.destroy();
    await egress.events(2);
  });

  test('a hello that is not whole in time is cut', async () => {
    const { egress, gmail } = at();
    const hello = await captureHello({ servername: LISTED });
    const slow = await rawTunnel(gmail, LISTED_443);
    const silent = await rawTunnel(gmail, LISTED_443);
    const dripping = (async () => {
      for (const byte of hello.subarray(0, 40)) {
        slow.write(Buffer.from([byte]));
        await sleep(300);
        if (slow.destroyed) return;
      }
    })();
    await Promise.all([readAll(slow), readAll(silent)]);
    await dripping;
    const events = await egress.events(2);
    expect(events.map((event) => (event.kind === 'refused' ? event.reason : event.kind))).toEqual([
      'hello_timeout',
      'hello_timeout',
    ]);
    expect(await tlsSeen(at())).toEqual([]);
  });

  test('a server that asks for a second hello gets it, when it names the same server', async () => {
    const { egress, gmail, world } = at();
    const socket = await tlsThrough(gmail, RETRY_443, { ca: world.ca, ecdhCurve: 'X25519:P-384' });
    socket.end('again\n');
    expect((await readAll(socket)).toString()).toContain('again');
    expect((await egress.events(2)).map(({ kind }) => kind)).toEqual(['opened', 'closed']);
  });

  test.each([
    ['after the server asked', false],
    ['before the server asked, in the same breath', true],
  ])('a second hello that names another server is refused, sent %s', async (_when, atOnce) => {
    const { egress, gmail } = at();
    const first = await captureHello({ servername: RETRY, ecdhCurve: 'X25519:P-384' });
    const second = replaceName(first, UNLISTED);
    const socket = await rawTunnel(gmail, RETRY_443);
    const asked = new Promise((resolve) => socket.once('data', resolve));
    socket.write(atOnce ? Buffer.concat([first, second]) : first);
    await asked;
    if (!atOnce) socket.write(Buffer.concat([Buffer.from([20, 3, 3, 0, 1, 1]), second]));
    await readAll(socket);
    expect((await egress.events(1))[0]).toMatchObject({ kind: 'refused', reason: 'sni_differs' });
    const seen = await at().world.seen();
    expect(seen.filter(({ kind }) => kind === 'tls')).toEqual([]);
    expect(seen).toContainEqual({ kind: 'tcp', to: NET.retry4, port: 443 });
  });
});

function twice(hello: Buffer): Buffer {
  return Buffer.concat([messageIn(hello), messageIn(replaceName(hello, UNLISTED))]);
}

function claimed(message: Buffer, bytes: number): Buffer {
  const longer = Buffer.concat([message, Buffer.alloc(bytes + 4 - message.length)]);
  longer.writeUIntBE(bytes, 1, 3);
  return longer;
}

function withType(hello: Buffer, type: number): Buffer {
  const message = Buffer.from(messageIn(hello));
  message[0] = type;
  return toRecords(message, 16_384);
}
