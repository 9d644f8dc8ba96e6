import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { FrameConnection, WIRE_CONNECTION_LIMITS, ZONE_BRIDGE_SOCKET } from '../../bridge/index.ts';
import { readerOf, type ChannelReader } from './channels.ts';
import { unexpectedDescriptors } from './hygiene.ts';
import { ReaderJobs } from './jobs.ts';

const CONNECT_MS_MAX = 5_000;
const CONNECT_RETRY_MS = 50;
/** Where a batch reader finds its socketpair, and a live one its bridge where the wall connects in its place. */
const GIVEN_FD = 3;

/**
 * The reader of Zone 3. Live: one connection to the bridge, one message, then the process ends, so that nothing of a
 * hostile message outlives it. `--batch`: many messages over the inherited descriptor 3, until the peer ends.
 * `HARDSHELL_CHANNEL` says what kind of messages they are.
 */
async function main(): Promise<void> {
  const batch = process.argv.includes('--batch');
  const reader = readerOf(process.env['HARDSHELL_CHANNEL']);
  if (reader === null) fail('`HARDSHELL_CHANNEL` must be `email`, `telegram` or `slack`');
  const given = batch || process.env['HARDSHELL_FD'] === String(GIVEN_FD);
  const unexpected = unexpectedDescriptors(new Set(given ? [GIVEN_FD] : []));
  if (unexpected.length > 0) {
    fail(`descriptors that do not belong to a reader are open: ${unexpected.join(', ')}; close them before the start`);
  }
  const path = process.env['HARDSHELL_BRIDGE_SOCKET'] ?? ZONE_BRIDGE_SOCKET;
  const socket = given ? new Socket({ fd: GIVEN_FD, readable: true, writable: true }) : await connect(path);
  serve(socket, { reader, batch });
}

function serve(socket: Socket, { reader, batch }: { readonly reader: ChannelReader; readonly batch: boolean }): void {
  const jobs = new ReaderJobs(reader);
  let done = false;
  const connection = new FrameConnection(
    socket,
    {
      onFrame: (frame) => {
        if (done) return;
        const answer = jobs.onFrame(frame);
        if (answer === null) return;
        connection.send(answer);
        if (batch) return;
        done = true;
        connection.end();
      },
      onClose: (cause) => process.exit(cause === undefined || done ? 0 : 1),
    },
    // A spare waits for its message as long as there is no mail.
    { ...WIRE_CONNECTION_LIMITS, idleMs: 0, halfFrameMs: 60_000 },
  );
  connection.send({ type: 'ready', channel: reader.channel });
}

/** The bridge may come up a moment after its zone. */
async function connect(path: string): Promise<Socket> {
  const deadline = performance.now() + CONNECT_MS_MAX;
  for (;;) {
    const socket = await tryConnect(path);
    if (socket !== null) return socket;
    if (performance.now() > deadline) fail(`no bridge at ${path}`);
    await sleep(CONNECT_RETRY_MS);
  }
}

function tryConnect(path: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = new Socket();
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', () => resolve(null));
    socket.connect({ path });
  });
}

function fail(reason: string): never {
  process.stderr.write(`hardshell reader: ${reason}\n`);
  process.exit(1);
}

await main();
