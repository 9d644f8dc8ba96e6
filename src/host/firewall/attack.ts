import { spawn } from 'node:child_process';

/** `refused`: the kernel said no. `passed`: a datagram left. */
export type AttackResult = 'refused' | 'passed' | 'cannot_tell';

const TIMEOUT_MS = 10_000;
/** To a port of this machine on which nobody listens: no route is needed, and nothing leaves when it passes. */
const SCRIPT = `
const socket = require('node:dgram').createSocket('udp4');
socket.on('error', () => undefined);
socket.send('x', 9, '127.0.0.1', (error) => {
  process.stdout.write(error === null || error === undefined ? 'passed' : error.code === 'EPERM' ? 'refused' : 'other');
  socket.close();
});
`;

/**
 * The rules proven by an attack: a process with the uid of a zone, outside every wall, sends a datagram. Only root can
 * take another uid. For the allowed twin call it with a uid that stands in no rule.
 */
export function attackFirewall(uid: number, node: string = process.execPath): Promise<AttackResult> {
  return new Promise((resolve) => {
    const child = spawn(node, ['-e', SCRIPT], {
      uid,
      gid: uid,
      cwd: '/',
      env: {},
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: TIMEOUT_MS,
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('latin1').slice(0, 16)));
    child.once('error', () => resolve('cannot_tell'));
    child.once('close', () => resolve(said === 'refused' || said === 'passed' ? said : 'cannot_tell'));
  });
}
