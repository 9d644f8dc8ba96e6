// Stands in for a process that may have a way out: says again and again what it reaches, and by what.
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';

const OWN = '/var/run/egress-bridge/egress.sock';
const ROUNDS_MAX = 1_000;
const NAME = 'api.listed.example';

function connect(socketPath, authority) {
  return new Promise((resolve) => {
    const request = http.request({ socketPath, method: 'CONNECT', path: authority, agent: false });
    request.on('connect', (response, socket) => resolve({ got: String(response.statusCode), socket }));
    request.on('error', (error) => resolve({ got: error.code }));
    request.end();
  });
}

async function hello() {
  const { got, socket } = await connect(OWN, `${NAME}:443`);
  if (got !== '200') return got;
  return new Promise((resolve) => {
    const secured = tls.connect({ socket, servername: NAME, rejectUnauthorized: false });
    secured.on('data', (data) => resolve(String(data).slice(0, 5)));
    secured.on('error', (error) => resolve(error.code));
    secured.on('secureConnect', () => secured.end());
  });
}

const direct = () =>
  new Promise((resolve) => {
    const socket = net.connect({ host: '93.184.10.10', port: 443 }, () => resolve('connected'));
    socket.on('error', (error) => resolve(error.code));
  });

function seen(path) {
  try {
    return fs.readdirSync(path).join();
  } catch (error) {
    return error.code;
  }
}

for (let round = 1; round <= ROUNDS_MAX; round++) {
  const unlisted = await connect(OWN, 'evil.unlisted.example:443');
  unlisted.socket?.destroy();
  const others = [seen('/var/run/egress-bridges'), seen('/var/run/egress-events'), seen('/var/run/egress-lists')];
  const line = { round, listed: await hello(), unlisted: unlisted.got, direct: await direct(), others };
  console.log(JSON.stringify({ ...line, own: seen('/var/run/egress-bridge') }));
  await new Promise((resolve) => setTimeout(resolve, 100));
}
