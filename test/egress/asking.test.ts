import { expect, test } from 'vitest';
import { connectFrames } from '../../src/bridge/index.ts';
import { EGRESS_ANSWERS } from '../../src/contracts/index.ts';
import { askConnect, askRaw, readAll, tlsThrough } from './lab/clients.ts';
import { LISTED_443, withEgress } from './lab/fixture.ts';
import { NET } from './lab/namespaces.ts';
import { LISTED, startEgress, UNLISTED } from './lab/world.ts';

const LISTS = {
  'connector-gmail': [LISTED_443, { name: LISTED, port: 993 }],
  'connector-telegram': [{ name: 'other.listed.example', port: 443 }],
  model: [],
} as const;

await withEgress('asking for a way out', LISTS, (at) => {
  test('a listed name is reached end to end, its certificate checked, and each end may finish before the other', async () => {
    const { world, egress, gmail } = at();
    const socket = await tlsThrough(gmail, LISTED_443, { ca: world.ca });
    expect(socket.authorized).toBe(true);
    socket.end('ping\n');
    expect((await readAll(socket)).toString()).toBe(`hello ${LISTED}\nping\nbye\n`);
    expect(await world.seen()).toEqual([
      { kind: 'dns', server: NET.resolver, name: LISTED, type: 1 },
      { kind: 'dns', server: NET.resolver, name: LISTED, type: 28 },
      { kind: 'tcp', to: NET.listed4, port: 443 },
      { kind: 'tls', to: NET.listed4, port: 443, sni: LISTED },
    ]);
    const [opened, closed] = await egress.events(2);
    expect(opened).toEqual({ kind: 'opened', client: 'connector-gmail', name: LISTED, port: 443 });
    expect(closed).toMatchObject({ kind: 'closed', name: LISTED, ended_by: 'peers' });
  });

  test('the other listed port of the same name is reached too', async () => {
    const { world, gmail } = at();
    const socket = await tlsThrough(gmail, { name: LISTED, port: 993 }, { ca: world.ca });
    socket.end();
    expect((await readAll(socket)).toString()).toMatch(/^hello /);
  });

  test.each([
    // not on the list
    [`${UNLISTED}:443`, '403 name_not_listed'],
    [`sub.${LISTED}:443`, '403 name_not_listed'],
    [`${LISTED}.evil.example:443`, '403 name_not_listed'],
    ['other.listed.example:443', '403 name_not_listed'],
    [`${LISTED}:465`, '403 port_not_listed'],
    ['localhost:443', '403 name_not_listed'],
    // other spellings of the listed name
    [`API.listed.example:443`, '400 name_not_canonical'],
    [`${LISTED}.:443`, '400 name_not_canonical'],
    ['*.listed.example:443', '400 name_not_canonical'],
    [`api..listed.example:443`, '400 name_not_canonical'],
    [`-api.listed.example:443`, '400 name_not_canonical'],
    [`user@${LISTED}:443`, '400 userinfo'],
    [`${LISTED}:443@${UNLISTED}:443`, '400 userinfo'],
    [`${LISTED}%00.evil:443`, '400 name_not_canonical'],
    // ports
    [`${LISTED}:80`, '403 port_refused'],
    [`${LISTED}:22`, '403 port_refused'],
    [`${LISTED}:8443`, '403 port_refused'],
    [`${LISTED}:25`, '403 starttls_port'],
    [`${LISTED}:110`, '403 starttls_port'],
    [`${LISTED}:143`, '403 starttls_port'],
    [`${LISTED}:587`, '403 starttls_port'],
    [`${LISTED}:0443`, '400 request_malformed'],
    [`${LISTED}:99999`, '400 request_malformed'],
    [`${LISTED}:`, '400 request_malformed'],
    // addresses in every spelling
    [`${NET.listed4}:443`, '403 ip_literal'],
    ['1572342282:443', '403 ip_literal'],
    ['0x5db80a0a:443', '403 ip_literal'],
    ['0135.0270.012.012:443', '403 ip_literal'],
    ['93.184.2570:443', '403 ip_literal'],
    ['127.1:443', '403 ip_literal'],
    ['127.0.0.1.:443', '403 ip_literal'],
    ['0x7f.0x1:443', '403 ip_literal'],
    [`[${NET.listed6}]:443`, '403 ip_literal'],
    ['[::1]:443', '403 ip_literal'],
    ['[::ffff:93.184.10.10]:443', '403 ip_literal'],
    ['::1:443', '403 ip_literal'],
    ['169.254.169.254:443', '403 ip_literal'],
  ])('refuses %s with %s, and nothing leaves', async (authority, answer) => {
    const { world, gmail } = at();
    expect(await askConnect(gmail, authority)).toBe(answer);
    expect(await world.seen()).toEqual([]);
  });

  test('refuses letters beyond ASCII that look like the listed name', async () => {
    const { world, gmail } = at();
    const text = await askRaw(gmail, Buffer.from('CONNECT \u0430pi.listed.example:443 HTTP/1.1\r\n\r\n', 'utf8'));
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(await world.seen()).toEqual([]);
  });

  test('the list of one client opens nothing to another, and an empty list opens nothing', async () => {
    const { egress } = at();
    expect(await askConnect(egress.socketOf('connector-telegram'), `${LISTED}:443`)).toBe('403 name_not_listed');
    expect(await askConnect(egress.socketOf('model'), `${LISTED}:443`)).toBe('403 name_not_listed');
  });

  test.each([
    [
      'GET http://api.listed.example/ HTTP/1.1\r\nhost: api.listed.example\r\n\r\n',
      /^HTTP\/1\.1 405 .*method_refused/s,
    ],
    ['POST / HTTP/1.1\r\nhost: x\r\nupgrade: connect-udp\r\nconnection: upgrade\r\n\r\n', /^HTTP\/1\.1 405 /],
    ['CONNECT-UDP api.listed.example:443 HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 .*request_malformed/s],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', /^HTTP\/1\.1 (?:400|405) /],
    ['\u0005\u0001\u0000', /^HTTP\/1\.1 400 /],
    [
      `CONNECT api.listed.example:443 HTTP/1.1\r\nx: ${'y'.repeat(5_000)}\r\n\r\n`,
      /^HTTP\/1\.1 431 .*request_too_large/s,
    ],
  ])('answers %j with a reason', async (head, answer) => {
    const { world, gmail } = at();
    expect(await askRaw(gmail, head)).toMatch(answer);
    expect(await world.seen()).toEqual([]);
  });

  test('cuts a request that is sent too slowly, and one that is never begun', async () => {
    const { gmail } = at();
    const [begun, silent] = await Promise.all([askRaw(gmail, 'CONNECT api.lis'), askRaw(gmail, '')]);
    expect(begun).toMatch(/^HTTP\/1\.1 408 .*request_timeout/s);
    expect(silent).toMatch(/^(?:HTTP\/1\.1 408 .*)?$/s);
  });

  test('a name that is not listed is never written down: its length and the reason are', async () => {
    const { world } = at();
    const egress = await startEgress(world, LISTS);
    const stolen = 'c2VjcmV0LXRva2Vu'.toLowerCase();
    expect(await askConnect(egress.socketOf('connector-gmail'), `${stolen}.evil.example:443`)).toBe(
      '403 name_not_listed',
    );
    expect(await askConnect(egress.socketOf('connector-gmail'), `${LISTED}:25`)).toBe('403 starttls_port');
    const [unlisted, listed] = await egress.events(2);
    expect(unlisted).toMatchObject({
      kind: 'refused',
      name: null,
      name_chars: 29,
      port: 443,
      reason: 'name_not_listed',
    });
    expect(listed).toMatchObject({ kind: 'refused', name: LISTED, port: 25, reason: 'starttls_port' });
    const client = await connectFrames({ target: { path: egress.eventsSocket } });
    const answer = EGRESS_ANSWERS.egress_events.parse(await client.request({ type: 'egress_watch', after: 0 }));
    expect(answer.events.map(({ seq, client }) => [seq, client])).toEqual([
      [1, 'connector-gmail'],
      [2, 'connector-gmail'],
    ]);
    expect(JSON.stringify(answer)).not.toContain(stolen);
    expect(await client.request({ type: 'stop' })).toMatchObject({ error: 'malformed' });
    client.destroy();
    await egress.stop();
  });

  test('a flood of refusals fills no log: what is left out is counted', async () => {
    const { world } = at();
    const egress = await startEgress(world, LISTS);
    const socket = egress.socketOf('connector-gmail');
    for (let i = 0; i < 5; i++)
      await Promise.all(Array.from({ length: 12 }, () => askConnect(socket, 'x.example:443')));
    await egress.events(30);
    const client = await connectFrames({ target: { path: egress.eventsSocket } });
    const answer = EGRESS_ANSWERS.egress_events.parse(await client.request({ type: 'egress_watch', after: 0 }));
    expect(answer.events.length).toBeGreaterThanOrEqual(30);
    expect(answer.events.length).toBeLessThan(55);
    client.destroy();
    await egress.stop();
  });

  test('when the egress process is gone nothing passes any more', async () => {
    const { world } = at();
    const egress = await startEgress(world, LISTS);
    const path = egress.socketOf('connector-gmail');
    const socket = await tlsThrough(path, LISTED_443, { ca: world.ca });
    const rest = readAll(socket);
    await egress.stop();
    await rest;
    await world.seen();
    await expect(tlsThrough(path, LISTED_443, { ca: world.ca })).rejects.toThrow('the egress process does not answer');
    expect(await world.seen()).toEqual([]);
  });
});
