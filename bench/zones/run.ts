// Walls in figures: start of a program behind each driver's wall against the bare process, memory of a zone, stop of all
// zones with a fork bomb among them, and the bridge from inside against from outside. Ratios of one run.
import { cpSync, chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveFrames } from '../../src/bridge/index.ts';
import { closeInheritedDescriptors } from '../../src/isolation/index.ts';
import { median, pairs, quantile, range } from '../support/measure.ts';
import { openWalls, type Wall } from './walls.ts';
import { memoryOf, runBare, runBehind, startBomb, startIdle } from './zones.ts';

closeInheritedDescriptors();
const ROUNDS = Number(process.env['ROUNDS'] ?? 20);
const STOPS = Number(process.env['STOPS'] ?? 50);
const PINGS = 2_000;
const HELLO = ['-e', 'process.stdout.write("x")'];

const base = mkdtempSync(join(tmpdir(), 'hs-bench-'));
chmodSync(base, 0o755);
const walls = await openWalls(base);
try {
  for (const wall of walls) await startOf(wall);
  await memory();
  for (const wall of walls) await stops(wall);
  for (const wall of walls) await bridge(wall);
} finally {
  for (const wall of walls) await wall.close();
  rmSync(base, { recursive: true, force: true });
}

/** From spawn to the first byte that a Node program writes. */
async function startOf(wall: Wall): Promise<void> {
  await runBehind(wall, HELLO);
  const { ours, peer, ratio } = await pairs(
    ROUNDS,
    () => runBehind(wall, HELLO),
    () => runBare(HELLO),
  );
  console.log(
    `start, ${wall.name}: ${median(ratio).toFixed(2)} x of the bare process (${range(ratio)}); ${median(ours).toFixed(1)} against ${median(peer).toFixed(1)} ms, p95 ${quantile(ours, 0.95).toFixed(1)} ms`,
  );
}

/** Proportional set size: pages that zones share count once. */
async function memory(): Promise<void> {
  const [wall] = walls;
  if (wall === undefined) return;
  const zones = await Promise.all(Array.from({ length: 4 }, () => startIdle(wall)));
  const each = zones.map((zone) => memoryOf(zone));
  const mib = (pick: 'node' | 'wall'): string => median(each.map((one) => one[pick] / 1024)).toFixed(1);
  console.log(
    `memory of a zone, four running (${wall.name}): Node ${mib('node')} MiB, its wall ${mib('wall')} MiB (PSS)`,
  );
  await Promise.all(zones.map((zone) => zone.stop()));
}

/** Six quiet zones, and one that forks without end where the wall lets programs start programs. */
async function stops(wall: Wall): Promise<void> {
  const taken: number[] = [];
  for (let round = 0; round < STOPS; round++) {
    const zones = await Promise.all(Array.from({ length: 6 }, () => startIdle(wall)));
    const bomb = await startBomb(wall);
    const all = bomb === undefined ? zones : [...zones, bomb];
    const startedAt = performance.now();
    await Promise.all(all.map((zone) => zone.stop()));
    taken.push(performance.now() - startedAt);
  }
  console.log(
    `stop of all zones, ${wall.name}: median ${median(taken).toFixed(1)} ms, p99 ${quantile(taken, 0.99).toFixed(1)} ms, worst ${Math.max(...taken).toFixed(1)} ms of ${STOPS} (goal: p99 at most 250 ms)`,
  );
}

/** The client measures itself: round trips of `ping` over one connection. */
async function bridge(wall: Wall): Promise<void> {
  const sockets = join(base, `sockets-${wall.name.replaceAll(/\W/g, '')}`);
  mkdirSync(sockets);
  chmodSync(sockets, 0o755);
  const listener = await serveFrames({
    path: join(sockets, 'zone-bridge.sock'),
    mode: 0o666,
    handle: () => Promise.resolve({ type: 'pong', zone: 'zone2-planner' }),
  });
  cpSync(join(import.meta.dirname, 'ping.mjs'), join(sockets, 'ping.mjs'));
  const outside = async (): Promise<number> => {
    let said = '';
    await runBare(
      [join(sockets, 'ping.mjs'), join(sockets, 'zone-bridge.sock'), String(PINGS)],
      (text) => (said += text),
    );
    return Number(said);
  };
  const inside = async (): Promise<number> => {
    let said = '';
    const mounts = [{ kind: 'read', from: sockets, to: '/var/run/zone-bridge' } as const];
    const command = ['/var/run/zone-bridge/ping.mjs', '/var/run/zone-bridge/zone-bridge.sock', String(PINGS)];
    await runBehind(wall, command, { mounts, take: (text) => (said += text) });
    return Number(said);
  };
  await inside();
  const { ours, peer, ratio } = await pairs(9, inside, outside);
  console.log(
    `bridge, ${wall.name}: ${median(ratio).toFixed(2)} x of outside (${range(ratio)}); ${(median(ours) * 1_000).toFixed(0)} against ${(median(peer) * 1_000).toFixed(0)} us a round trip (goal: at most 1.2)`,
  );
  await listener.close();
}
