// Milliseconds of one round trip: the median of COUNT pings over one connection. ping.mjs SOCKET COUNT
import { createConnection } from 'node:net';

const [path, count] = process.argv.slice(2);
const socket = createConnection({ path });
await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
const taken = [];
for (let i = 0; i < Number(count); i++) {
  const startedAt = performance.now();
  socket.write('{"type":"ping"}\n');
  await new Promise((resolve) => socket.once('data', resolve));
  taken.push(performance.now() - startedAt);
}
taken.sort((a, b) => a - b);
process.stdout.write(String(taken[Math.floor(taken.length / 2)]));
socket.destroy();
