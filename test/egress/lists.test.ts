import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTunnel } from '../../src/bridge/index.ts';
import {
  egressAuditEvent,
  EGRESS_REASONS,
  parseAuditEvent,
  resolversIn,
  type EgressEvent,
} from '../../src/contracts/index.ts';
import { parseEgressLists } from '../../src/egress/index.ts';
import { pack } from '../zone2-planner/pack.ts';

const LISTS = { v: 1, resolvers: [], clients: [{ client: 'model', allow: [{ name: 'a.example', port: 443 }] }] };

describe('allow-lists', () => {
  test('are read as they stand; an empty one allows nothing', () => {
    expect(parseEgressLists(JSON.stringify(LISTS))).toEqual(LISTS);
    expect(parseEgressLists('{"v":1,"resolvers":[],"clients":[]}').clients).toEqual([]);
  });

  test.each([
    ['is not JSON', '{'],
    ['is another version', JSON.stringify({ ...LISTS, v: 2 })],
    ['has a further member', JSON.stringify({ ...LISTS, all: true })],
    ['names a resolver on an interface', JSON.stringify({ ...LISTS, resolvers: ['fe80::1%eth0'] })],
    ['names a resolver by name', JSON.stringify({ ...LISTS, resolvers: ['dns.example'] })],
    [
      'names a client that there is not',
      JSON.stringify({ ...LISTS, clients: [{ client: 'zone2-planner', allow: [] }] }),
    ],
    ['names a client twice', JSON.stringify({ ...LISTS, clients: [...LISTS.clients, ...LISTS.clients] })],
    ...[
      ['a wildcard', '*.example', 443],
      ['capitals', 'A.example', 443],
      ['a final dot', 'a.example.', 443],
      ['an address', '8.8.8.8', 443],
      ['an IPv6 address', '::1', 443],
      ['one label', 'localhost', 443],
      ['another port', 'a.example', 80],
      ['letters beyond ASCII', 'ä.example', 443],
      ['a STARTTLS port', 'a.example', 587],
    ].map(([what, name, port]): [string, string] => [
      `lists ${what}`,
      JSON.stringify({ ...LISTS, clients: [{ client: 'model', allow: [{ name, port }] }] }),
    ]),
  ])('are refused whole when the file %s', (_what, text) => {
    expect(() => parseEgressLists(text)).toThrow(/the allow-lists cannot be used/);
  });

  test('international names stand in them as punycode', () => {
    const text = JSON.stringify({
      ...LISTS,
      clients: [{ client: 'model', allow: [{ name: 'xn--4ca.example', port: 443 }] }],
    });
    expect(parseEgressLists(text).clients[0]?.allow).toHaveLength(1);
  });

  test('the resolvers of a machine are read from its configuration, at most three', () => {
    expect(resolversIn('# x\nnameserver 127.0.0.53\noptions edns0\nnameserver\t2620:fe::fe \n')).toEqual([
      '127.0.0.53',
      '2620:fe::fe',
    ]);
    expect(resolversIn('nameserver fe80::1%eth0\nnameserver name.example\nnameservers 1.1.1.1')).toEqual([]);
    expect(resolversIn('nameserver 1.1.1.1\n'.repeat(5))).toHaveLength(3);
  });
});

describe('the packed process', () => {
  const directory = mkdtempSync(join(tmpdir(), 'hs-lists-'));
  let program = '';
  beforeAll(async () => {
    program = await pack('egress');
  });
  afterAll(() => {
    for (const path of [program, directory]) rmSync(path, { recursive: true, force: true });
  });
  const start = (lists: string): { status: number | null; stderr: string } => {
    mkdirSync(join(directory, 'ev'), { recursive: true });
    writeFileSync(join(directory, 'lists.json'), lists);
    const env = {
      HARDSHELL_EGRESS_LISTS: join(directory, 'lists.json'),
      HARDSHELL_EGRESS_SOCKETS: join(directory, 'sockets'),
      HARDSHELL_EGRESS_EVENTS: join(directory, 'ev', 'e.sock'),
    };
    return spawnSync(process.execPath, [join(program, 'main.mjs')], { encoding: 'utf8', env, timeout: 10_000 });
  };

  test('does not start with a list it cannot read, or without a directory to listen in', () => {
    expect(start('{')).toMatchObject({ status: 1, stderr: expect.stringContaining('it is not JSON') as string });
    expect(start(JSON.stringify(LISTS))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('cannot listen on') as string,
    });
    mkdirSync(join(directory, 'sockets', 'model'), { recursive: true });
    writeFileSync(join(directory, 'sockets', 'model', 'egress.sock'), 'no socket');
    expect(start(JSON.stringify(LISTS))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('is not a socket of ours') as string,
    });
  });
});

describe('the log of the way out', () => {
  const hash = (text: string): string => Buffer.from(text).toString('hex').padEnd(32, '0').slice(0, 32);
  const base = { seq: 1, client: 'connector-gmail', port: 443 } as const;
  const events: EgressEvent[] = [
    { ...base, kind: 'opened', name: 'a.example' },
    { ...base, kind: 'closed', name: 'a.example', bytes_out: 5, bytes_in: 6, ended_by: 'peers' },
    { ...base, kind: 'refused', name: null, name_chars: 40, reason: 'name_not_listed', left_out: 3 },
    {
      ...base,
      client: 'stop',
      kind: 'refused',
      name: 'a.example',
      name_chars: 9,
      reason: 'special_address',
      left_out: 0,
    },
  ];

  test('has a line for each event, and no name stands in it', () => {
    for (const event of events) {
      const line = egressAuditEvent(event, hash);
      expect(parseAuditEvent(line)).toMatchObject({ ok: true });
      expect(JSON.stringify(line)).not.toContain('example');
    }
    expect(events.map((event) => egressAuditEvent(event, hash).zone)).toEqual([
      'connector',
      'connector',
      'connector',
      'stop',
    ]);
  });

  test('every reason stands in the documentation as it is told', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/egress.md'), 'utf8');
    for (const [code, { status, message }] of Object.entries(EGRESS_REASONS)) {
      expect(page).toContain(`| \`${code}\` | ${status === 0 ? 'after 200' : status} | ${message} |`);
    }
  });

  test('every reason is a sentence that ends in what to do or why', () => {
    for (const [code, { status, message }] of Object.entries(EGRESS_REASONS)) {
      expect(code).toMatch(/^[a-z_]+$/);
      expect([0, 400, 403, 405, 408, 431, 502, 503, 504]).toContain(status);
      expect(message).toMatch(/^[a-z].{25,}[^.]$/);
    }
  });
});

describe('the client of a connector', () => {
  const directory = mkdtempSync(join(tmpdir(), 'hs-client-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  let turn = 0;
  const answerWith = async (text: string, stay = false): Promise<string> => {
    turn += 1;
    const path = join(directory, `${turn}.sock`);
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => (stay ? socket.write(text) : socket.end(text)));
    });
    server.unref();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return path;
  };
  const ask = async (path: string): Promise<unknown> =>
    openTunnel({ socketPath: path, name: 'a.example', port: 443, timeoutMs: 300 }).then(
      (socket) => socket.destroy(),
      (error: unknown) => error,
    );

  test('gives a refusal of its list as one, and weather as weather', async () => {
    const refused = 'HTTP/1.1 403 Forbidden\r\n\r\n{"error":"name_not_listed","message":"x"}';
    expect(await ask(await answerWith(refused))).toMatchObject({ code: 'policy_denied', fate: 'refuse' });
    const weather = 'HTTP/1.1 504 Gateway Timeout\r\n\r\n{"error":"connect_timeout","message":"x"}';
    expect(await ask(await answerWith(weather))).toMatchObject({ code: 'unavailable', fate: 'retry' });
  });

  test.each([
    ['nothing', ''],
    ['an unknown reason', 'HTTP/1.1 403 Forbidden\r\n\r\n{"error":"constructor"}'],
    ['no reason', 'HTTP/1.1 500 x\r\n\r\n'],
    ['garbage', 'garbage\r\n\r\n'],
    ['a flood', `HTTP/1.1 403 Forbidden\r\n\r\n${'x'.repeat(100_000)}`],
  ])('takes %s as weather', async (_what, text) => {
    expect(await ask(await answerWith(text))).toMatchObject({ code: 'unavailable', fate: 'retry' });
  });

  test('does not wait for ever, and says so when nobody is there', async () => {
    expect(await ask(await answerWith('HTTP/1.1 ', true))).toMatchObject({ code: 'unavailable' });
    const open = 'HTTP/1.1 403 Forbidden\r\n\r\n{"error":"name_not_listed"';
    expect(await ask(await answerWith(open, true))).toMatchObject({ code: 'policy_denied' });
    expect(await ask(join(directory, 'none.sock'))).toMatchObject({ message: 'the egress process does not answer' });
  });
});
