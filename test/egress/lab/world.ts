import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLibrary } from '../../../src/isolation/index.ts';
import type { EgressClient, EgressEvent } from '../../../src/contracts/index.ts';
import { pack } from '../../zone2-planner/pack.ts';
import type { DnsRecord } from './dns-answer.ts';
import { Lines } from './lines.ts';
import { isRoot, NET, openNamespaces, type Namespaces } from './namespaces.ts';

/** Uids of nobody, as an installed instance would give out. */
export const UID = { egress: 61_009, zone: 61_002, otherZone: 61_003, connector: 61_004 } as const;
export const LISTED = 'api.listed.example';
export const UNLISTED = 'evil.unlisted.example';
export const RETRY = 'retry.listed.example';

export interface Seen {
  readonly kind: 'dns' | 'tcp' | 'tls' | 'tls-failed' | 'udp' | 'ready' | 'mark';
  readonly name?: string;
  readonly server?: string;
  readonly to?: string;
  readonly port?: number;
  readonly sni?: string | null;
  readonly mark?: number;
}

export interface World {
  readonly spaces: Namespaces;
  /** Readable for every uid. */
  readonly directory: string;
  readonly node: string;
  readonly ca: string;
  /** Changes what the name servers say. */
  readonly say: (names: Readonly<Record<string, DnsRecord>>) => Promise<void>;
  /** Everything that reached the far side since the last call. */
  readonly seen: () => Promise<readonly Seen[]>;
  readonly close: () => void;
}

/** Two namespaces and everything on the far side, or the reason why there are none. */
export async function openWorld(): Promise<World | string> {
  const spaces = await openNamespaces();
  if (typeof spaces === 'string') return spaces;
  const directory = mkdtempSync(join(tmpdir(), 'hs-egress-'));
  chmodSync(directory, 0o755);
  const files = makeCertificates(directory);
  const node = isRoot ? await openLibrary(directory).file(process.execPath) : process.execPath;
  const setup = {
    ...files,
    resolvers: [NET.resolver, NET.otherResolver],
    tls: [NET.listed4, NET.listed6, NET.unlisted4],
    retrying: NET.retry4,
    sinks: [NET.lan, NET.metadata, NET.unique6, NET.tunnel6],
  };
  const [first, ...rest] = spaces.command('internet', [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    join(import.meta.dirname, 'internet-main.ts'),
    JSON.stringify(setup),
  ]);
  const far = spawn(first, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = new Lines(far.stdout);
  await lines.until((line) => line.includes('"ready"'));
  let marks = 0;
  let read = 0;
  const mark = async (set: Readonly<Record<string, DnsRecord>>): Promise<void> => {
    marks += 1;
    const wanted = `"mark":${marks}}`;
    far.stdin.write(`${JSON.stringify({ set, mark: marks })}\n`);
    await lines.until((line) => line.endsWith(wanted));
  };
  return {
    spaces,
    directory,
    node,
    ca: readFileSync(files.cert, 'utf8'),
    say: mark,
    seen: async () => {
      await mark({});
      const fresh = lines.all.slice(read).map((line) => JSON.parse(line) as Seen);
      read = lines.all.length;
      return fresh.filter(({ kind }) => kind !== 'mark' && kind !== 'ready');
    },
    close: () => {
      far.kill('SIGKILL');
      spaces.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export interface Egress {
  /** Directory of its lists and sockets. */
  readonly root: string;
  readonly child: ChildProcess;
  readonly said: Lines;
  readonly socketOf: (client: EgressClient) => string;
  readonly eventsSocket: string;
  /** Events that the process wrote to its log since the last call, once as many as wanted are there. */
  readonly events: (count: number) => Promise<readonly EgressEvent[]>;
  readonly stop: () => Promise<void>;
}

export type ListOf = Partial<Record<EgressClient, readonly { name: string; port: number }[]>>;
let started = 0;

/** The packed egress process on our side of the cable, as its own uid where we are root. `again`: in its place. */
export async function startEgress(world: World, lists: ListOf, again?: Egress): Promise<Egress> {
  started += 1;
  const root = again?.root ?? join(world.directory, `e${started}`);
  const program = await packed(world);
  const paths = { sockets: join(root, 's'), events: join(root, 'ev'), lists: join(root, 'l') };
  for (const path of [root, ...Object.values(paths)]) mkdirSync(path, { recursive: true });
  // As the supervisor does: the egress process may listen there, its client's group may connect, nobody else.
  const own = (path: string): void => {
    if (!isRoot) return;
    chownSync(path, UID.egress, UID.connector);
    chmodSync(path, 0o2750);
  };
  own(paths.events);
  const clients = (Object.keys(lists) as EgressClient[]).map((client) => ({ client, allow: lists[client] }));
  for (const { client } of clients) {
    mkdirSync(join(paths.sockets, client), { recursive: true });
    own(join(paths.sockets, client));
  }
  writeFileSync(join(paths.lists, 'lists.json'), JSON.stringify({ v: 1, resolvers: [NET.resolver], clients }));
  const [first, ...rest] = world.spaces.command('ours', [world.node, join(program, 'main.mjs')], UID.egress);
  const child = spawn(first, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
    env: {
      PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
      HARDSHELL_EGRESS_LISTS: join(paths.lists, 'lists.json'),
      HARDSHELL_EGRESS_SOCKETS: paths.sockets,
      HARDSHELL_EGRESS_EVENTS: join(paths.events, 'events.sock'),
    },
  });
  const said = new Lines(child.stdout);
  const log = new Lines(child.stderr);
  await said
    .until((line) => line === 'egress: ready')
    .catch((error: unknown) => {
      throw new Error(`egress did not start: ${log.all.join(' | ')}`, { cause: error });
    });
  let read = 0;
  return {
    root,
    child,
    said,
    socketOf: (client) => join(paths.sockets, client, 'egress.sock'),
    eventsSocket: join(paths.events, 'events.sock'),
    events: async (count) => {
      const from = read;
      const isEvent = (line: string): boolean => line.startsWith('egress: {');
      await log.until(() => log.all.slice(from).filter(isEvent).length >= count, from);
      read = log.all.length;
      return log.all
        .slice(from, read)
        .filter(isEvent)
        .map((line) => JSON.parse(line.slice('egress: '.length)) as EgressEvent);
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('close', resolve));
    },
  };
}

const programs = new Map<string, Promise<string>>();

function packed(world: World): Promise<string> {
  const found = programs.get(world.directory) ?? packInto(world.directory);
  programs.set(world.directory, found);
  return found;
}

async function packInto(directory: string): Promise<string> {
  const from = await pack('egress');
  const to = join(directory, 'egress');
  mkdirSync(to);
  writeFileSync(join(to, 'main.mjs'), readFileSync(join(from, 'main.mjs')));
  rmSync(from, { recursive: true, force: true });
  return to;
}

function makeCertificates(directory: string): { key: string; cert: string } {
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const names = [LISTED, UNLISTED, RETRY, '*.listed.example', '*.example'].map((name) => `DNS:${name}`).join(',');
  const made = spawnSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', '/CN=fake internet', '-addext', `subjectAltName=${names}`, '-keyout', key, '-out', cert],
    ],
    { encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`);
  return { key, cert };
}
