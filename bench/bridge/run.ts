// `ping` and a capability request with its durable record, against bare peers on the same kind of socket in one run:
// `node scripts/run.cjs bench/bridge/run.ts`
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { createServer, connect, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectFrames, serveFrames, type RequestClient } from '../../src/bridge/index.ts';
import { Chain, createLog, EMPTY, makeLedgerLog } from '../../src/audit/index.ts';
import { createDatabase, Ledger } from '../../src/state/index.ts';
import { Notifier } from '../../src/zone1-executor/notifier.ts';
import { openSession } from '../../src/zone1-executor/sessions.ts';
import { Patience } from '../../src/zone1-executor/patience.ts';
import { TokenTable } from '../../src/zone1-executor/tokens.ts';
import type { ZoneDesk } from '../../src/zone1-executor/zone-desk.ts';
import { answerZone } from '../../src/zone1-executor/zone-service.ts';
import { GrantKey } from '../../src/zone1-executor/grant.ts';
import { makeBench, policyOf } from '../../test/support/station.ts';
import { median, pairs, quantile, range, seconds } from '../support/measure.ts';

const dir = mkdtempSync(join(process.env['BENCH_DIR'] ?? import.meta.dirname, 'tmp-'));
const PINGS = 20_000;
const ASKS = 3_000;
const WINDOW = 32;

try {
  await run();
} finally {
  rmSync(dir, { recursive: true, force: true });
}

async function run(): Promise<void> {
  const { desk, sid } = await makeDesk();
  const ours = await serveFrames({
    path: join(dir, 'ours.sock'),
    mode: 0o600,
    framesPerSecondMax: Number.POSITIVE_INFINITY,
    handle: (frame, { signal }) => answerZone(desk, sid, frame, signal),
  });
  const echo = await bareServer(join(dir, 'echo.sock'), (line) => line);
  const client = await connectFrames({ target: { path: ours.path } });

  const ping = await pairs(
    5,
    () => rate(PINGS, (send) => send({ type: 'ping' }), client),
    () => bareRate(join(dir, 'echo.sock'), PINGS, '{"type":"ping"}'),
  );
  console.log(
    `ping: ${median(ping.ratio).toFixed(2)} x of a bare echo server (${range(ping.ratio)}; goal >= 0.5); ${Math.round(median(ping.ours))}/s against ${Math.round(median(ping.peer))}/s`,
  );
  const latency = await paced(client, 1_000, 5);
  console.log(
    `ping at 1 000/s: p50 ${quantile(latency, 0.5).toFixed(3)} ms, p99 ${quantile(latency, 0.99).toFixed(3)} ms (goal p99 <= 1 ms)`,
  );

  const syncing = await bareServer(join(dir, 'sync.sock'), (line) => line, join(dir, 'sync.log'));
  const asked = await pairs(
    5,
    () => rate(ASKS, (send) => send({ type: 'capability_request', action: 'get_profile', params: {} }), client),
    () => bareRate(join(dir, 'sync.sock'), ASKS, '{"type":"capability_request","action":"get_profile","params":{}}'),
  );
  console.log(
    `capability request, durable: ${median(asked.ratio).toFixed(2)} x of the echo server with one fdatasync a batch (${range(asked.ratio)}; goal >= 0.5); ${Math.round(median(asked.ours))}/s against ${Math.round(median(asked.peer))}/s`,
  );
  client.destroy();
  await ours.close();
  echo.close();
  syncing.close();
}

async function makeDesk(): Promise<{ desk: ZoneDesk; sid: string }> {
  const { station } = makeBench();
  const db = createDatabase(join(dir, 'state.db'));
  const log = await createLog(join(dir, 'audit'));
  const policy = policyOf('@id("all") @approval("none") permit(principal, action == Action::"get_profile", resource);');
  const { decide } = await import('../../src/policy/index.ts');
  const durable = {
    ...station,
    ledger: new Ledger(db, makeLedgerLog(new Chain({ head: EMPTY, mode: 'F', wallMs: Date.now }), log)),
    confirmed: {
      ...station.confirmed,
      policy: () => ({
        digest: policy.digest,
        decide: (request: Parameters<typeof decide>[0]) => decide(request, policy),
      }),
    },
  };
  const desk: ZoneDesk = {
    station: durable,
    key: new GrantKey(station.random, station.clock),
    tokens: new TokenTable(),
    notifier: new Notifier(),
    patience: new Patience(durable),
  };
  const session = await durable.ledger.commit((tx) =>
    openSession(durable, tx, { zone: 'zone2-planner', origin: 'standing' }),
  );
  return { desk, sid: session.sid };
}

/** Requests a second with a fixed number in flight. */
async function rate(
  total: number,
  ask: (send: (message: object) => Promise<unknown>) => Promise<unknown>,
  client: RequestClient,
): Promise<number> {
  let left = total;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const answer = (await ask((message) => client.request(message, 60_000))) as { type: string };
      if (answer.type === 'error') throw new Error(JSON.stringify(answer));
    }
  };
  return total / (await seconds(() => Promise.all(Array.from({ length: WINDOW }, worker))));
}

/** One request every 1/perSecond s, each timed from its send to its answer. */
async function paced(client: RequestClient, perSecond: number, forSeconds: number): Promise<number[]> {
  const latencies: number[] = [];
  const pending: Promise<void>[] = [];
  const start = performance.now();
  for (let i = 0; i < perSecond * forSeconds; i++) {
    const due = start + (i * 1_000) / perSecond;
    while (performance.now() < due) await sleep(Math.max(0, due - performance.now() - 0.5));
    const sent = performance.now();
    pending.push(client.request({ type: 'ping' }).then(() => void latencies.push(performance.now() - sent)));
  }
  await Promise.all(pending);
  return latencies;
}

/** Splits lines and answers each; with a file, what came together is written and fdatasynced once before the answers. */
function bareServer(path: string, answer: (line: string) => string, file?: string): Promise<Server> {
  const fd = file === undefined ? undefined : openSync(file, 'w');
  const server = createServer((socket) => {
    let rest = '';
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      if (fd !== undefined) {
        writeSync(fd, `${lines.join('\n')}\n`);
        fdatasyncSync(fd);
      }
      for (const line of lines) socket.write(`${answer(line)}\n`);
    });
    socket.on('error', () => undefined);
  });
  server.on('close', () => fd !== undefined && closeSync(fd));
  return new Promise((resolve) => server.listen(path, () => resolve(server)));
}

/** The bare client: the same number in flight, lines matched by order. */
function bareRate(path: string, total: number, line: string): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let sent = 0;
    let got = 0;
    const start = performance.now();
    const send = (): void => {
      while (sent < total && sent - got < WINDOW) {
        socket.write(`${line}\n`);
        sent += 1;
      }
    };
    socket.on('connect', send);
    socket.on('data', (chunk) => {
      for (const byte of chunk) if (byte === 10) got += 1;
      if (got >= total) {
        socket.destroy();
        resolve(total / ((performance.now() - start) / 1_000));
      } else send();
    });
  });
}
