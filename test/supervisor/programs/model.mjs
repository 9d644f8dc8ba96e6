// Stands in for the model process: serves every planner's directory and carries each question to the relay.
import fs from 'node:fs';
import net from 'node:net';

process.umask(0o007);
const served = new Set();
const serveAll = () => {
  for (const name of fs.readdirSync('/var/run/model-bridges')) {
    if (served.has(name)) continue;
    served.add(name);
    net
      .createServer((asker) => {
        const relay = net.connect('/var/run/model-relay/relay.sock');
        for (const socket of [asker, relay]) socket.on('error', () => {});
        asker.pipe(relay).pipe(asker);
      })
      .listen(`/var/run/model-bridges/${name}/model.sock`);
  }
};
fs.watch('/var/run/model-bridges', serveAll);
serveAll();
