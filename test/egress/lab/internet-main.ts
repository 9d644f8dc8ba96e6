// The far side: name servers, TLS servers, and sinks that write down whatever reaches them. Lines in on standard input
// (names and what to answer), lines out on standard output (what was seen).
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer as createPlain, type Server } from 'node:net';
import { createInterface } from 'node:readline';
import { createServer as createTls } from 'node:tls';
import { makeAnswer, readQuestion, type DnsRecord } from './dns-answer.ts';

interface Setup {
  readonly key: string;
  readonly cert: string;
  readonly resolvers: readonly string[];
  readonly tls: readonly string[];
  /** Answers TLS only after a second ClientHello of a client that does not begin with P-384. */
  readonly retrying: string;
  readonly sinks: readonly string[];
}

const setup = JSON.parse(process.argv[2] ?? '') as Setup;
const names = new Map<string, DnsRecord>();
const turns = new Map<string, number>();
const tell = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const identity = { key: readFileSync(setup.key), cert: readFileSync(setup.cert) };
const waiting: Promise<unknown>[] = [];

for (const address of setup.resolvers) {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (message, from) => {
    const question = readQuestion(message);
    const key = `${question.name} ${question.type}`;
    const turn = turns.get(key) ?? 0;
    turns.set(key, turn + 1);
    tell({ kind: 'dns', server: address, name: question.name, type: question.type });
    const record = names.get(question.name);
    if (record?.silent === true) return;
    const answer =
      record?.garbage === true
        ? Buffer.from('not a message of the domain name system')
        : makeAnswer(message, question, record, turn);
    socket.send(answer, from.port, from.address);
  });
  waiting.push(new Promise<void>((resolve) => socket.bind(53, address, resolve)));
}

for (const [address, ports] of [
  ...setup.tls.map((each) => [each, [443, 465, 993]] as const),
  [setup.retrying, [443]] as const,
]) {
  for (const port of ports) {
    const server = createTls(
      { ...identity, ...(address === setup.retrying ? { ecdhCurve: 'P-384' } : {}), allowHalfOpen: true },
      (socket) => {
        const sni = socket.servername === false ? null : socket.servername;
        tell({ kind: 'tls', to: address, port, sni });
        socket.on('error', () => undefined);
        socket.write(`hello ${sni ?? ''}\n`);
        socket.on('data', (chunk) => socket.write(chunk));
        // Says goodbye only after the client has: half-close must pass both ways.
        socket.on('end', () => socket.end('bye\n'));
      },
    );
    server.on('connection', () => tell({ kind: 'tcp', to: address, port }));
    server.on('tlsClientError', () => tell({ kind: 'tls-failed', to: address, port }));
    waiting.push(listening(server, port, address));
  }
}

for (const address of setup.sinks) {
  for (const port of [22, 25, 53, 80, 443, 587, 8443]) {
    const server = createPlain((socket) => {
      tell({ kind: 'tcp', to: address, port });
      socket.on('error', () => undefined);
      socket.write('220 plain words\r\n');
    });
    waiting.push(listening(server, port, address));
  }
}

for (const address of [...setup.sinks, ...setup.tls]) {
  const sink = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  sink.on('message', (message) => tell({ kind: 'udp', to: address, bytes: message.length }));
  waiting.push(new Promise<void>((resolve) => sink.bind(443, address, resolve)));
}

function listening(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const said = JSON.parse(line) as { set: Record<string, DnsRecord>; mark: number };
  for (const [name, record] of Object.entries(said.set)) {
    names.set(name, record);
    for (const type of [1, 28]) turns.delete(`${name} ${type}`);
  }
  tell({ kind: 'mark', mark: said.mark });
});
await Promise.all(waiting);
tell({ kind: 'ready' });
