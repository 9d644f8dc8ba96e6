// The chats connector over descriptor 3; kills itself with SIGKILL before or after the MOVE-th file it moves aside.
import { Socket } from 'node:net';
import { rename } from 'node:fs/promises';
import { openChats, serveConnector } from '../../src/connectors/index.ts';

const [path = '', step = '0', when = 'before'] = process.argv.slice(2);
let moved = 0;
const provider = await openChats({
  path,
  move: async (from, to) => {
    moved += 1;
    const mine = moved === Number(step);
    if (mine && when === 'before') process.kill(process.pid, 'SIGKILL');
    await rename(from, to);
    if (mine) process.kill(process.pid, 'SIGKILL');
  },
});
await serveConnector(new Socket({ fd: 3, readable: true, writable: true }), provider);
process.exit(0);
