import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ZoneSpec } from '../../../src/isolation/index.ts';
import { MACHINES } from '../../../src/isolation/orbstack/machines.ts';
import { encodeMux, FRAME, FRAME_BYTES_MAX, MuxDecoder, type MuxFrame } from '../../../src/isolation/orbstack/mux.ts';
import { startGuestZone } from '../../../src/isolation/orbstack/zone.ts';

const kinds = Object.values(FRAME);

describe('frames over one stream', () => {
  const frame = fc.record({
    kind: fc.constantFrom(...kinds),
    channel: fc.nat({ max: 0xffffffff }),
    bytes: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  });

  it('come out as they went in, wherever the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
        (frames, cuts) => {
          const all = Buffer.concat(frames.map(({ kind, channel, bytes }) => encodeMux(kind, channel, bytes)));
          const decoder = new MuxDecoder();
          const out: MuxFrame[] = [];
          for (let at = 0, i = 0; at < all.length; i++) {
            const size = cuts[i % cuts.length] ?? 1;
            out.push(
              ...decoder.push(all.subarray(at, at + size)).map((one) => ({ ...one, bytes: Buffer.from(one.bytes) })),
            );
            at += size;
          }
          expect(out).toEqual(frames);
        },
      ),
    );
  });

  it('of no kind of ours, or too large, are refused before their bytes are waited for', () => {
    const header = (kind: number, length: number): Buffer => {
      const bytes = Buffer.alloc(9);
      bytes.writeUInt8(kind, 0);
      bytes.writeUInt32BE(length, 5);
      return bytes;
    };
    for (const bad of [
      header(0, 0),
      header(99, 0),
      header(FRAME.data, FRAME_BYTES_MAX + 1),
      Buffer.from('HTTP/1.1 200 OK'),
    ])
      expect(() => new MuxDecoder().push(bad)).toThrow('not a frame of ours');
    expect(new MuxDecoder().push(header(FRAME.data, FRAME_BYTES_MAX))).toEqual([]);
  });
});

describe('a guest that is not ours', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'hs-guest-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** An `orb` whose guest says these frames and then waits. */
  const start = (frames: readonly Buffer[], overrides: Partial<ZoneSpec> = {}): ReturnType<typeof startGuestZone> => {
    const orb = join(folder, 'orb');
    const said = Buffer.concat(frames).toString('base64');
    writeFileSync(
      orb,
      `#!${process.execPath}\nprocess.stdout.write(Buffer.from('${said}', 'base64')); process.stdin.resume().on('end', () => process.exit(0)); setTimeout(() => {}, 1e6);\n`,
    );
    chmodSync(orb, 0o755);
    const machine = MACHINES[1];
    if (machine === undefined) throw new Error('no machine');
    return startGuestZone(
      {
        orb,
        env: {},
        instance: '00000000',
        files: [],
        guestDirectories: new Map(),
        sockets: [{ to: '/var/run/zone-bridge', socket: 'zone-bridge.sock' }],
      },
      machine,
      {
        name: 'zone3-email-reader.1',
        mounts: [{ kind: 'read', from: folder, to: '/var/run/zone-bridge' }],
        env: {},
        cwd: '/',
        program: { kind: 'node', arguments: [] },
        profile: 'builtin',
        network: 'none',
        proc: true,
        sockets: 'connect',
        watch: false,
        limits: { memoryBytesMax: 1 << 28, tasksMax: 32, cpus: 1 },
        ...overrides,
      },
    );
  };
  const json = (kind: (typeof kinds)[number], value: unknown): Buffer =>
    encodeMux(kind, 0, Buffer.from(JSON.stringify(value)));
  const started = json(FRAME.started, { mode: 'F' });

  it('ends the zone that it says anything strange about', async () => {
    for (const strange of [
      Buffer.from('a shell prompt $ '),
      encodeMux(FRAME.start, 0),
      encodeMux(FRAME.open, 1, Buffer.from([7])),
      encodeMux(FRAME.open, 1, Buffer.alloc(0)),
      json(FRAME.exited, { kind: 'exited' }),
      json(FRAME.exited, { kind: 'promoted' }),
    ]) {
      const end = await start([started, strange]).then(
        (zone) => zone.exited,
        (error: unknown) => String(error),
      );
      // Where it came with the first words, the zone does not even count as started.
      expect([
        { kind: 'killed', outOfMemory: false },
        'HardshellError: `zone3-email-reader.1` ended while it started',
      ]).toContainEqual(end);
    }
  });

  it('starts no zone with a word that is not one, and its own words are cut and harmless', async () => {
    await expect(start([json(FRAME.started, { mode: 'X' })])).rejects.toThrow(/ended while it started/);
    const message = `no wall \u001b[2J${'x'.repeat(5_000)}`;
    const refused = await start([json(FRAME.failed, { message })]).then(
      () => 'started',
      (error: unknown) => String(error),
    );
    expect(refused).toMatch(/was not started: no wall {2}?\[2Jx+$/);
    expect(refused.length).toBeLessThan(500);
  });

  it('is not believed about channels that nobody opened, and reaches the socket of its zone only', async () => {
    const heard: string[] = [];
    const peers: Socket[] = [];
    const server = createServer((socket) => {
      peers.push(socket);
      socket.on('data', (chunk: Buffer) => heard.push(chunk.toString())).on('error', () => undefined);
    }).listen(join(folder, 'zone-bridge.sock'));
    await new Promise((resolve) => server.on('listening', resolve));
    const zone = await start([
      started,
      encodeMux(FRAME.data, 42, Buffer.from('to nobody')),
      encodeMux(FRAME.close, 43),
      encodeMux(FRAME.open, 5, Buffer.from([0])),
      encodeMux(FRAME.data, 5, Buffer.from('to the bridge')),
    ]);
    for (let i = 0; i < 200 && heard.length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(heard).toEqual(['to the bridge']);
    for (const { pid } of zone.processes) process.kill(pid, 'SIGKILL');
    await zone.exited;
    for (const peer of peers) peer.destroy();
    server.close();
  });
});
