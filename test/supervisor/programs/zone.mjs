// Stands in for readers and planners: does what the other end of its bridge says.
import fs from 'node:fs';
import net from 'node:net';

function connect(path, tries) {
  const socket = net.connect(path);
  socket.on('error', () => (tries > 0 ? setTimeout(() => connect(path, tries - 1), 10) : process.exit(3)));
  socket.on('connect', () => socket.write(`${JSON.stringify({ uid: process.getuid(), env: process.env })}\n`));
  let held = '';
  socket.on('data', async (data) => {
    held += data;
    while (held.includes('\n')) {
      const line = held.slice(0, held.indexOf('\n'));
      held = held.slice(line.length + 1);
      socket.write(
        `${JSON.stringify(await obey(JSON.parse(line)).catch((error) => ({ error: error.code ?? error.message })))}\n`,
      );
    }
  });
}

async function obey({ act, path, code, host, port }) {
  switch (act) {
    case 'read':
      return { bytes: fs.readFileSync(path).length };
    case 'plant':
      fs.writeFileSync(path, '');
      return {};
    case 'tcp':
      return { got: await reach(host, port) };
    case 'ask':
      return { said: await ask(path) };
    case 'crash':
      setTimeout(() => {
        throw new TypeError('Dear Bob, the secret is 1234');
      });
      return {};
    default:
      process.exit(code);
  }
}

function reach(host, port) {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port }, () => resolve('connected'));
    socket.on('error', (error) => resolve(error.code));
  });
}

function ask(path) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(path, () => socket.write('question'));
    socket.on('error', reject);
    socket.on('data', (data) => {
      socket.destroy();
      resolve(String(data));
    });
  });
}

connect('/var/run/zone-bridge/zone-bridge.sock', 500);
