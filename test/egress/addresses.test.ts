import { expect, test } from 'vitest';
import { askConnect, readAll, tlsThrough } from './lab/clients.ts';
import { withEgress } from './lab/fixture.ts';
import { NET } from './lab/namespaces.ts';
import type { DnsRecord } from './lab/dns-answer.ts';

const NAMES = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'].map((word) => `${word}.listed.example`);
const [NAME = ''] = NAMES;
const LIST = NAMES.map((name) => ({ name, port: 443 }));

await withEgress('the addresses of a name', { 'connector-gmail': LIST }, (at) => {
  const passes = async (name: string): Promise<string> => {
    const { gmail, world } = at();
    const socket = await tlsThrough(gmail, { name, port: 443 }, { ca: world.ca });
    socket.end();
    return (await readAll(socket)).toString();
  };
  const connections = async (): Promise<readonly unknown[]> =>
    (await at().world.seen()).filter(({ kind }) => kind !== 'dns');

  test.each<[string, DnsRecord]>([
    ['an IPv4 address', { a: [[NET.listed4]] }],
    ['an IPv6 address', { aaaa: [[NET.listed6]] }],
    ['both', { a: [[NET.listed4]], aaaa: [[NET.listed6]] }],
    ['an alias that leads to a public address', { cname: 'edge.cdn.example', a: [[NET.listed4]] }],
    ['a first address that is closed and a second that answers', { a: [[NET.closed4, NET.listed4]] }],
  ])('a listed name with %s is reached', async (_what, record) => {
    await at().world.say({ [NAME]: record });
    expect(await passes(NAME)).toMatch(/^hello one/);
  });

  test.each<[string, DnsRecord]>([
    ['the home network', { a: [[NET.lan]] }],
    ['the metadata service of clouds', { a: [[NET.metadata]] }],
    ['this machine', { a: [['127.0.0.1']] }],
    ['no address at all (0.0.0.0)', { a: [['0.0.0.0']] }],
    ['the carrier', { a: [['100.64.0.1']] }],
    ['a public address and the home network', { a: [[NET.listed4, NET.lan]] }],
    ['a public IPv4 and a unique-local IPv6 address', { a: [[NET.listed4]], aaaa: [[NET.unique6]] }],
    ['IPv6 loopback', { aaaa: [['::1']] }],
    ['an IPv4-mapped address', { aaaa: [['::ffff:5db8:0a0a']] }],
    ['6to4', { aaaa: [[NET.tunnel6]] }],
    ['NAT64', { aaaa: [['64:ff9b::5db8:0a0a']] }],
    ['Teredo', { aaaa: [['2001::5db8:0a0a']] }],
    ['a link-local address', { aaaa: [['fe80::1']] }],
    ['an alias that leads to the metadata service', { cname: 'inside.cdn.example', a: [[NET.metadata]] }],
  ])('a listed name that leads to %s is refused, and nobody is called', async (_what, record) => {
    await at().world.say({ [NAME]: record });
    expect(await askConnect(at().gmail, `${NAME}:443`)).toBe('403 special_address');
    expect(await connections()).toEqual([]);
  });

  test('an answer that turns from public to private is refused when it does (rebinding)', async () => {
    const [, name = ''] = NAMES;
    await at().world.say({ [name]: { a: [[NET.listed4], [NET.metadata], [NET.listed4]] } });
    expect(await passes(name)).toMatch(/^hello two/);
    await at().world.seen();
    expect(await askConnect(at().gmail, `${name}:443`)).toBe('403 special_address');
    expect(await connections()).toEqual([]);
    // Asked once for each connection, never again between the check and the call.
    expect(await passes(name)).toMatch(/^hello two/);
    expect((await at().world.seen()).filter(({ kind, name: asked }) => kind === 'dns' && asked === name)).toHaveLength(
      2,
    );
  });

  test.each<[string, DnsRecord, string]>([
    ['has no address', {}, '502 dns_no_address'],
    ['is an alias without an address', { cname: 'gone.example' }, '502 dns_no_address'],
    ['fails at the name server', { rcode: 2 }, '502 dns_failed'],
    ['is refused by the name server', { rcode: 5 }, '502 dns_failed'],
    [
      'has too many addresses',
      {
        a: [Array.from({ length: 24 }, (_, i) => `93.184.20.${i + 1}`)],
        aaaa: [Array.from({ length: 12 }, (_, i) => `2a00:1450:20::${i + 1}`)],
      },
      '502 dns_too_many',
    ],
    ['is closed', { a: [[NET.closed4]] }, '502 connect_failed'],
    ['is lost', { a: [[NET.lost4]] }, '504 connect_timeout'],
    ['is never answered', { silent: true }, '504 dns_timeout'],
  ])('a listed name that %s is refused with a reason', async (_what, record, answer) => {
    const name = NAMES[2] ?? '';
    await at().world.say({ [name]: record });
    expect(await askConnect(at().gmail, `${name}:443`)).toBe(answer);
  });

  test('a name that does not exist has no address', async () => {
    expect(await askConnect(at().gmail, `${NAMES[7] ?? ''}:443`)).toBe('502 dns_no_address');
  });

  test('a name server that answers nonsense is no way in', async () => {
    const name = NAMES[3] ?? '';
    await at().world.say({ [name]: { garbage: true } });
    expect(await askConnect(at().gmail, `${name}:443`)).toMatch(/^50[24] dns_(?:failed|timeout)$/);
    expect(await connections()).toEqual([]);
  });

  test('only the named resolver is asked', async () => {
    await at().world.say({ [NAME]: { a: [[NET.listed4]] } });
    await passes(NAME);
    const servers = (await at().world.seen()).filter(({ kind }) => kind === 'dns').map(({ server }) => server);
    expect(new Set(servers)).toEqual(new Set([NET.resolver]));
  });
});
