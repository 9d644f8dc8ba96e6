// An executor that will not end: every signal ignored, busy threads, as many as it may have.
import net from 'node:net';
import { Worker } from 'node:worker_threads';

for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT']) process.on(signal, () => {});
const run = process.env.HARDSHELL_RUN;
net.createServer(() => {}).listen(`${run}/connector-chats/connector.sock`);
net
  .createServer(() => {})
  .listen(`${run}/connector-maildir/connector.sock`, () => {
    const supervisor = net.connect(`${run}/supervisor/supervisor.sock`, () => supervisor.write('{"type":"ready"}\n'));
    supervisor.on('error', () => {});
    setTimeout(() => {
      for (let i = 0; i < 12; i++) new Worker('for (;;) {}', { eval: true }).on('error', () => {});
    }, 20);
  });
