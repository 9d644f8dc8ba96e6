import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { World } from './world.ts';

export type Attempt =
  | { readonly kind: 'tcp'; readonly to: string; readonly port: number }
  | { readonly kind: 'udp'; readonly to: string; readonly port: number }
  /** A question for that name. */
  | { readonly kind: 'dns'; readonly to: string; readonly name: string }
  | { readonly kind: 'ping'; readonly to: string };

// Runs as it stands, in a process of its own: written in the language of that process.
const NODE_SCRIPT = `
const net = require('node:net'), dgram = require('node:dgram');
const tcp = ({ to, port }) => new Promise((resolve) => {
  const socket = net.connect({ host: to, port });
  socket.setTimeout(3000, () => { socket.destroy(); resolve('silence'); });
  socket.once('connect', () => { socket.destroy(); resolve('passed'); });
  socket.once('error', (error) => resolve(error.code));
});
const send = (to, port, bytes) => new Promise((resolve) => {
  const socket = dgram.createSocket(to.includes(':') ? 'udp6' : 'udp4');
  socket.once('error', (error) => resolve(error.code));
  socket.send(bytes, port, to, (error) => { resolve(error ? error.code : 'passed'); socket.close(); });
});
const question = (name) => Buffer.concat([
  Buffer.from([7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
  ...name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
  Buffer.from([0, 0, 1, 0, 1]),
]);
const run = (each) => each.kind === 'tcp' ? tcp(each)
  : each.kind === 'udp' ? send(each.to, each.port, Buffer.from('x'))
  : send(each.to, 53, question(each.name));
const all = JSON.parse(process.argv[1]);
const answers = process.argv[2] === 'together' ? Promise.all(all.map(run)) : (async () => {
  const each = [];
  for (const attempt of all) each.push(await run(attempt));
  return each;
})();
answers.then((list) => process.stdout.write(JSON.stringify(list)));
`;
const PING_SCRIPT = `
import json, socket, sys
answers = []
for each in json.loads(sys.argv[1]):
    six = ':' in each['to']
    try:
        s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM, 58 if six else 1)
        s.sendto(bytes([128 if six else 8, 0, 0, 0, 0, 1, 0, 1]), (each['to'], 0))
        answers.append('passed')
    except OSError as e:
        answers.append(str(e.errno))
print(json.dumps(answers))
`;
const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

/** Tries all of it as that uid on our side, outside every wall: `passed`, or what the kernel said. */
export async function attempt(
  world: World,
  uid: number,
  attempts: readonly Attempt[],
  how: 'in turn' | 'together' = 'in turn',
): Promise<string[]> {
  const isPing = attempts.every(({ kind }) => kind === 'ping');
  const program = isPing ? [PYTHON, '-c', PING_SCRIPT] : [world.node, '-e', NODE_SCRIPT];
  return JSON.parse(await output(world, uid, [...program, JSON.stringify(attempts), how])) as string[];
}

/** Echo requests that have reached the far side: for ICMPv6 the sender is not told that its packet was refused. */
export function echoesArrived(world: World): number {
  const six = /^Icmp6InEchos\s+(\d+)$/m.exec(world.spaces.run('internet', ['cat', '/proc/net/snmp6']))?.[1];
  const [names = '', values = ''] = world.spaces
    .run('internet', ['cat', '/proc/net/snmp'])
    .split('\n')
    .filter((line) => line.startsWith('Icmp: '));
  const four = values.split(' ')[names.split(' ').indexOf('InEchos')];
  return Number(six) + Number(four);
}

/** What a command prints on our side of the cable. */
export function output(world: World, uid: number | undefined, command: readonly string[]): Promise<string> {
  const [first, ...rest] = world.spaces.command('ours', command, uid);
  const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  const child = spawn(first, rest, { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/', env: { PATH }, timeout: 25_000 });
  let [said, complained] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (complained += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(said) : reject(new Error(complained))));
  });
}
