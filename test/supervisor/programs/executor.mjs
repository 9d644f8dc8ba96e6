// Stands in for the executor: listens for the connectors, reports that it serves, stays.
import fs from 'node:fs';
import net from 'node:net';

process.umask(0o007);
const run = process.env.HARDSHELL_RUN;
console.log(JSON.stringify({ env: process.env, home: fs.readdirSync(process.env.HARDSHELL_HOME).sort() }));
const attempts = {
  ownWall: () => fs.writeFileSync(`${run}/supervisor/zones.json`, '{}'),
  keys: () => fs.writeFileSync(`${process.env.HARDSHELL_HOME}/keys/planted`, ''),
  hostRoot: () => fs.readdirSync('/root'),
  sysctl: () => fs.closeSync(fs.openSync('/proc/sys/kernel/core_pattern', 'r+')),
  processes: () => fs.readdirSync('/proc'),
  mail: () => fs.readdirSync(`${process.env.HARDSHELL_HOME}/mail/in`),
  chats: () => fs.readdirSync(`${process.env.HARDSHELL_HOME}/chats/telegram`),
};
for (const [name, attempt] of Object.entries(attempts)) {
  try {
    attempt();
    console.log(`${name} open`);
  } catch (error) {
    console.log(`${name} ${error.code}`);
  }
}
fs.writeFileSync(`${process.env.HARDSHELL_HOME}/state.db`, '', { mode: 0o600 });
for (const name of ['connector-maildir', 'connector-chats']) {
  const path = `${run}/${name}/connector.sock`;
  // The one before may have been killed.
  fs.rmSync(path, { force: true });
  const server = net.createServer((socket) => {
    socket.write(`hello ${name}\n`);
    socket.on('data', (data) => console.log(`connector says ${data}`));
    socket.on('error', () => {});
  });
  await new Promise((resolve) => server.listen(path, resolve));
}
const supervisor = net.connect(`${run}/supervisor/supervisor.sock`, () => supervisor.write('{"type":"ready"}\n'));
supervisor.on('data', () => {});
supervisor.on('error', () => {});
fs.watchFile(`${process.env.HARDSHELL_HOME}/end-executor`, { interval: 20 }, (now) => {
  if (now.size > 0) process.exit(Number(fs.readFileSync(`${process.env.HARDSHELL_HOME}/end-executor`, 'utf8')));
});
if (process.env.HARDSHELL_EGRESS === '1') {
  const code = (act) => {
    try {
      return act();
    } catch (error) {
      return error.code;
    }
  };
  console.log(`lists ${code(() => fs.writeFileSync(`${run}/egress-lists/lists.json`, '{}'))}`);
  console.log(`bridges [${code(() => fs.readdirSync(`${run}/egress-bridges`))}]`);
  console.log(`events ${code(() => fs.writeFileSync(`${run}/egress-events/planted`, ''))}`);
  net.connect({ host: '93.184.10.10', port: 443 }).on('error', (error) => console.log(`network ${error.code}`));
  const follow = () => {
    const events = net.connect(`${run}/egress-events/events.sock`, () => {
      events.write('{"type":"egress_watch","id":"1","after":0}\n');
    });
    events.on('data', (data) => console.log(`told ${String(data).trim()}`));
    events.on('error', () => setTimeout(follow, 50));
  };
  follow();
}
