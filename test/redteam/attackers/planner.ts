// A planner written by the attacker. It runs inside the real zone, in the place of ours, and does what the tasks of its
// session say: the harness, on the same socket from outside, is the attacker's remote hand. No part of the product is
// used, and types are stripped before it is packed: only what Node brings.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { Worker } from 'node:worker_threads';

type Json = Record<string, unknown>;

const BRIDGE = '/var/run/zone-bridge/zone-bridge.sock';
const waiting = new Map<string, (answer: Json) => void>();
let next = 0;
let held = '';

const socket: Socket = await connect();
socket.setEncoding('utf8');
socket.on('error', () => process.exit(1));
socket.on('close', () => process.exit(1));
socket.on('data', (chunk: string) => {
  const lines = (held + chunk).split('\n');
  held = lines.pop() ?? '';
  for (const line of lines) {
    const frame = JSON.parse(line) as Json;
    waiting.get(String(frame['id']))?.(frame);
    waiting.delete(String(frame['id']));
  }
});

for (;;) {
  const { tasks } = await ask({ type: 'task_list' });
  for (const task of (tasks ?? []) as { task: string; data: Json }[]) {
    const { order, result } = task.data;
    if (typeof order !== 'string' || result !== undefined) continue;
    if (order === 'exit') process.exit(0);
    if (order === 'fail') {
      // Taken out first, so that the next process of this session does not obey it again.
      await ask({ type: 'task_delete', task: task.task });
      process.exit(3);
    }
    const done = await attempt(order, (task.data['with'] ?? {}) as Json);
    await ask({ type: 'task_put', task: task.task, priority: 0, data: { order, result: done } });
  }
  await new Promise((resolve) => setTimeout(resolve, 150));
}

/** The bridge may come up a moment after its zone. */
async function connect(): Promise<Socket> {
  for (let tries = 0; tries < 200; tries += 1) {
    const found = await new Promise<Socket | null>((resolve) => {
      const made = createConnection({ path: BRIDGE });
      made.once('connect', () => resolve(made));
      made.once('error', () => resolve(null));
    });
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return process.exit(1);
}

function ask(frame: Json): Promise<Json> {
  next += 1;
  const id = `z${next}`;
  return new Promise((resolve) => {
    waiting.set(id, resolve);
    socket.write(`${JSON.stringify({ ...frame, id })}\n`);
  });
}

async function attempt(order: string, given: Json): Promise<Json> {
  try {
    return { ok: true, value: await carryOut(order, given) };
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    return { ok: false, error: code ?? String(message ?? error).slice(0, 200) };
  }
}

async function carryOut(order: string, given: Json): Promise<unknown> {
  const path = String(given['path'] ?? '');
  switch (order) {
    case 'ask':
      return ask(given['frame'] as Json);
    case 'read':
      return readFileSync(path, 'latin1').slice(0, 2_000);
    case 'list':
      return readdirSync(path).slice(0, 200);
    case 'write':
      return writeFileSync(path, 'written by the attacker');
    case 'connect':
      return connectTo(given);
    case 'resolve':
      return lookup(String(given['host']));
    case 'print':
      for (const line of given['lines'] as string[]) process.stderr.write(`${line}\n`);
      return undefined;
    case 'env':
      return process.env;
    case 'interfaces':
      return Object.keys(networkInterfaces());
    case 'spawn':
      return spawnIt(String(given['command']), (given['args'] ?? []) as string[]);
    case 'worker':
      return workerIt(String(given['source']));
    case 'code':
      // oxlint-disable-next-line no-eval, no-implied-eval, typescript/no-implied-eval -- the attack is that this works
      return new Function('return 1 + 1')();
    case 'signal':
      return process.kill(Number(given['pid']), 'SIGKILL');
    case 'native':
      return process.dlopen({ exports: {} }, path);
    case 'memory':
      return grow();
    default:
      throw new Error('no such order');
  }
}

function connectTo(given: Json): Promise<string> {
  const target =
    given['path'] === undefined
      ? { host: String(given['host']), port: Number(given['port']) }
      : { path: String(given['path']) };
  return new Promise((resolve, reject) => {
    const made = createConnection(target as { path: string });
    const timer = setTimeout(() => reject(new Error('timed out')), 3_000);
    made.once('connect', () => {
      clearTimeout(timer);
      made.destroy();
      resolve('connected');
    });
    made.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

function spawnIt(command: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', (code) => resolve(`ended with ${code}`));
  });
}

function workerIt(source: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(source, { eval: true, execArgv: [] });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** Takes three times what a planner may have, and then lets the machine live. */
function grow(): number {
  const kept: Buffer[] = [];
  while (kept.length < 24) kept.push(Buffer.alloc(64 * 1024 * 1024, 1));
  return kept.length * 64;
}
