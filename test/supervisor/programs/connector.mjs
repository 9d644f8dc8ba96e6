// Stands in for a connector: lives on the socket it inherited.
import fs from 'node:fs';
import net from 'node:net';

const socket = new net.Socket({ fd: Number(process.env.HARDSHELL_FD), readable: true, writable: true });
const other = await new Promise((resolve) => {
  net.connect('/tmp/nobody.sock').on('error', (error) => resolve(error.code));
});
socket.on('data', (data) => {
  socket.write(`${String(data).trim()}|${fs.readdirSync(process.env.HARDSHELL_FOLDER).join()}|${other}\n`);
});
socket.on('close', () => process.exit(0));
