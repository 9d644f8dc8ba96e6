import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checkFirewall, loadFirewall, removeFirewall } from '../../src/host/firewall/index.ts';
import { attempt, echoesArrived, output, type Attempt } from './lab/attempts.ts';
import { askConnect, readAll, tlsThrough } from './lab/clients.ts';
import { LISTED_443 } from './lab/fixture.ts';
import { isRoot, NET } from './lab/namespaces.ts';
import { dns, firewallOf, OPEN_TO_EGRESS, ping, PLAN, SHUT_TO_EGRESS, tcp, WAYS } from './lab/rules.ts';
import { LISTED, openWorld, startEgress, UID, UNLISTED, type Egress, type World } from './lab/world.ts';

const PINGS: readonly Attempt[] = [ping(NET.listed4), ping(NET.listed6), ping(NET.lan)];
const all = (attempts: readonly Attempt[], answer: string): string[] => attempts.map(() => answer);

const found = isRoot ? await openWorld() : 'only root can give a process another uid';
if (typeof found === 'string') console.log(`three locks: not run: ${found}`);

describe.skipIf(typeof found === 'string')('three locks', () => {
  const world = found as World;
  const run = firewallOf(world);
  let egress: Egress;

  beforeAll(async () => {
    world.spaces.run('ours', ['sh', '-c', 'echo "0 2147483647" > /proc/sys/net/ipv4/ping_group_range']);
    egress = await startEgress(world, { 'connector-gmail': [LISTED_443] });
    await world.say({ [LISTED]: { a: [[NET.listed4]] }, [UNLISTED]: { a: [[NET.unlisted4]] } });
    await loadFirewall(PLAN, run);
  });
  beforeEach(async () => {
    await world.seen();
  });
  afterAll(async () => {
    await egress.stop();
    world.close();
  });

  /** Pings of that uid that arrive. */
  const pings = async (uid: number): Promise<number> => {
    const before = echoesArrived(world);
    await attempt(world, uid, PINGS);
    return echoesArrived(world) - before;
  };

  test('without the rules every one of these ways is open to a zone that escaped its namespace: the attempts can see', async () => {
    await removeFirewall(run);
    expect(await attempt(world, UID.zone, WAYS)).toEqual(all(WAYS, 'passed'));
    expect(await pings(UID.zone)).toBe(PINGS.length);
    const seen = await world.seen();
    expect(seen.filter(({ kind }) => kind === 'tcp').length).toBe(6);
    expect(seen.filter(({ kind }) => kind === 'dns').length).toBe(2);
    await loadFirewall(PLAN, run);
  });

  test.each([
    ['a zone', UID.zone],
    ['a connector', UID.connector],
  ])('with the rules none of them is open to %s, and nothing arrives', async (_who, uid) => {
    const answers = await attempt(world, uid, WAYS);
    expect(answers).not.toContain('passed');
    expect(answers).not.toContain('silence');
    expect(await pings(uid)).toBe(0);
    expect(await world.seen()).toEqual([]);
  });

  test('a uid that stands in no rule is not touched', async () => {
    expect(await attempt(world, 61_400, WAYS)).toEqual(all(WAYS, 'passed'));
  });

  test('the egress uid reaches TLS ports of public addresses and its resolver', async () => {
    expect(await attempt(world, UID.egress, OPEN_TO_EGRESS)).toEqual(all(OPEN_TO_EGRESS, 'passed'));
    expect(await attempt(world, UID.egress, [dns(NET.resolver, LISTED)])).toEqual(['passed']);
    expect((await world.seen()).filter(({ kind }) => kind === 'dns')).toHaveLength(1);
  });

  test('the egress uid reaches nothing else, even if the process were taken over', async () => {
    const answers = await attempt(world, UID.egress, SHUT_TO_EGRESS);
    expect(answers).not.toContain('passed');
    expect(answers).not.toContain('silence');
    expect(await pings(UID.egress)).toBe(0);
    expect(await world.seen()).toEqual([]);
  });

  test('questions and new connections of the egress uid are bounded in number', async () => {
    const questions = await attempt(
      world,
      UID.egress,
      Array.from({ length: 400 }, () => dns(NET.resolver, LISTED)),
      'together',
    );
    expect(questions).toContain('passed');
    expect(questions.filter((answer) => answer !== 'passed').length).toBeGreaterThan(100);
    const calls = await attempt(
      world,
      UID.egress,
      Array.from({ length: 400 }, () => tcp(NET.listed4, 443)),
      'together',
    );
    expect(calls).toContain('passed');
    expect(calls.filter((answer) => answer !== 'passed').length).toBeGreaterThan(100);
    await loadFirewall(PLAN, run);
  });

  test('a connector with an empty network namespace and a denied uid reaches its listed name through the process, and nothing else', async () => {
    const script = `
      const { request } = require('node:http'), tls = require('node:tls'), net = require('node:net'), fs = require('node:fs');
      const [socketPath, name, caFile, far] = process.argv.slice(1);
      const direct = () => new Promise((r) => net.connect({ host: far, port: 443 }).once('connect', () => r('passed')).once('error', (e) => r(e.code)));
      const ask = request({ socketPath, method: 'CONNECT', path: name + ':443', agent: false });
      ask.once('connect', (_response, socket) => {
        const secured = tls.connect({ socket, servername: name, ca: fs.readFileSync(caFile) });
        secured.once('data', async (chunk) => {
          console.log(JSON.stringify({ said: chunk.toString(), links: Object.keys(require('node:os').networkInterfaces()), direct: await direct() }));
          process.exit(0);
        });
      });
      ask.end();`;
    const command = [
      ...[
        'unshare',
        '-n',
        'setpriv',
        '--reuid',
        String(UID.connector),
        '--regid',
        String(UID.connector),
        '--clear-groups',
      ],
      ...[
        world.node,
        '-e',
        script,
        egress.socketOf('connector-gmail'),
        LISTED,
        join(world.directory, 'cert.pem'),
        NET.listed4,
      ],
    ];
    expect(JSON.parse(await output(world, undefined, command))).toEqual({
      said: `hello ${LISTED}\n`,
      links: [],
      direct: 'ENETUNREACH',
    });
    const other = command.map((word) => (word === LISTED ? UNLISTED : word));
    await world.seen();
    await expect(output(world, undefined, other)).rejects.toThrow();
    expect(await world.seen()).toEqual([]);
  });

  test('stolen bytes in labels of names reach no name server', async () => {
    const path = egress.socketOf('connector-gmail');
    const labels = Array.from({ length: 20 }, (_, i) => Buffer.from(`secret piece ${i}`).toString('hex'));
    for (const label of labels) expect(await askConnect(path, `${label}.${UNLISTED}:443`)).toBe('403 name_not_listed');
    for (const label of labels) expect(await askConnect(path, `${label}.${LISTED}:443`)).toBe('403 name_not_listed');
    const asked = [
      dns(NET.resolver, `${labels[0] ?? ''}.${UNLISTED}`),
      dns(NET.otherResolver, `${labels[0] ?? ''}.x.example`),
    ];
    expect(await attempt(world, UID.connector, asked)).not.toContain('passed');
    expect(await world.seen()).toEqual([]);
    const socket = await tlsThrough(path, LISTED_443, { ca: world.ca });
    socket.end();
    await readAll(socket);
    expect((await world.seen()).filter(({ kind }) => kind === 'dns').map(({ name }) => name)).toEqual([LISTED, LISTED]);
  });

  test('a table of somebody else that accepts everything opens nothing', async () => {
    const hook = (priority: number): string =>
      `chain c${priority + 500} {\n type filter hook output priority ${priority};\n accept\n }\n`;
    world.spaces.run('ours', ['nft', '-f', '-'], `table inet generous {\n${hook(-400)}${hook(400)}}\n`);
    expect(await attempt(world, UID.zone, WAYS)).not.toContain('passed');
    expect(await world.seen()).toEqual([]);
    world.spaces.run('ours', ['nft', 'delete', 'table', 'inet', 'generous']);
  });

  test('after all of this the rules are still the ones we loaded, and what they refused was counted', async () => {
    await attempt(world, UID.zone, WAYS);
    expect(await checkFirewall(PLAN, run)).toEqual({ kind: 'in_force' });
    const counters = await output(world, undefined, ['nft', 'list', 'counters']);
    expect(counters).toMatch(/zone_refused \{\s+packets [1-9]/);
  });

  test('the attack on the rules themselves is refused with them, and passes without', async () => {
    const file = join(import.meta.dirname, '../../src/host/firewall/attack.ts');
    const script = `import('${file}').then((m) => m.attackFirewall(${UID.zone}, '${world.node}')).then((r) => process.stdout.write(r))`;
    const ask = (): Promise<string> => output(world, undefined, [process.execPath, '-e', script]);
    expect(await ask()).toBe('refused');
    await removeFirewall(run);
    expect(await ask()).toBe('passed');
    await loadFirewall(PLAN, run);
  });
});
