import { spawnSync } from 'node:child_process';
import { connect as connectTls } from 'node:tls';
import { addEncryptedHello, replaceName } from '../../egress/lab/hello-bytes.ts';
import { askConnect, captureHello, rawTunnel, readAll, tlsThrough } from '../../egress/lab/clients.ts';
import type { DnsRecord } from '../../egress/lab/dns-answer.ts';
import { isRoot, NET } from '../../egress/lab/namespaces.ts';
import { LISTED, openWorld, RETRY, startEgress, UNLISTED, type Egress, type World } from '../../egress/lab/world.ts';
import { defineSuite, trial, type Attack, type Suite, type Trial } from '../attack.ts';

export interface EgressLab {
  readonly world: World;
  readonly egress: Egress;
}

const TURNING = 'turning.listed.example';
const on443 = (name: string): { name: string; port: number } => ({ name, port: 443 });
const LISTS = {
  'connector-gmail': [on443(LISTED), { name: LISTED, port: 993 }, on443(RETRY), on443(TURNING)],
  'connector-telegram': [on443('other.listed.example')],
} as const;

/** Why there can be no two namespaces with a cable between them, or null. */
export function noNamespaces(): string | null {
  if (isRoot) return null;
  const { status } = spawnSync('unshare', ['-Urn', 'true'], { stdio: 'ignore' });
  return status === 0 ? null : 'this system lets an ordinary user make no namespaces';
}

export async function openEgressLab(): Promise<EgressLab> {
  const world = await openWorld();
  if (typeof world === 'string') throw new Error(world);
  try {
    const egress = await startEgress(world, LISTS);
    await world.say({
      [LISTED]: { a: [[NET.listed4]] },
      [UNLISTED]: { a: [[NET.unlisted4]] },
      [RETRY]: { a: [[NET.retry4]] },
    });
    return { world, egress };
  } catch (error) {
    world.close();
    throw error;
  }
}

export async function closeEgressLab({ world, egress }: EgressLab): Promise<void> {
  await egress.stop();
  world.close();
}

/** A connector that is the attacker's own, at its socket of the egress process; the internet is one of the suite's own. */
export const egress: Suite = defineSuite<EgressLab>({
  name: 'egress',
  title: 'out through the egress process, as a connector that was taken over',
  unavailable: noNamespaces,
  open: openEgressLab,
  before: async ({ world }) => void (await world.seen()),
  close: closeEgressLab,
  attacks: attacks(),
});

const socketOf = ({ egress }: EgressLab): string => egress.socketOf('connector-gmail');

/** Each of these is asked for, refused with that reason, and nothing reaches the far side. */
async function refused(lab: EgressLab, authorities: readonly string[], reason: RegExp): Promise<Trial> {
  const answers: string[] = [];
  for (const authority of authorities) answers.push(await askConnect(socketOf(lab), authority));
  const arrived = await lab.world.seen();
  const held = answers.filter((answer) => reason.test(answer)).length;
  const saw = `${held} of ${answers.length} refused, ${arrived.length} seen on the far side`;
  return trial(held === answers.length && arrived.length === 0, saw);
}

/** The listed name by TLS with its certificate checked. */
async function reached(lab: EgressLab, target = on443(LISTED), more: object = {}): Promise<Trial> {
  const socket = await tlsThrough(socketOf(lab), target, { ca: lab.world.ca, ...more });
  socket.end();
  const said = (await readAll(socket)).toString();
  return trial(said.toLowerCase().startsWith(`hello ${target.name}`), 'reached end to end');
}

/** These first bytes are sent into an opened tunnel: no server of the far side may read a hello. */
async function unread(lab: EgressLab, bytes: Buffer): Promise<Trial> {
  const socket = await rawTunnel(socketOf(lab), on443(LISTED));
  socket.write(bytes);
  await readAll(socket);
  return noHello(lab);
}

async function noHello({ world }: EgressLab): Promise<Trial> {
  const read = (await world.seen()).filter(({ kind }) => kind === 'tls' || kind === 'tls-failed');
  return trial(read.length === 0, `${read.length} read by a server`);
}

/** The listed name leads to each of these: the way is refused and nobody is called. */
async function uncalled(lab: EgressLab, records: readonly DnsRecord[]): Promise<Trial> {
  const answers: string[] = [];
  for (const record of records) {
    await lab.world.say({ [TURNING]: record });
    answers.push(await askConnect(socketOf(lab), `${TURNING}:443`));
  }
  const called = (await lab.world.seen()).filter(({ kind }) => kind !== 'dns').length;
  const held = answers.filter((answer) => answer === '403 special_address').length;
  return trial(held === answers.length && called === 0, `${held} of ${answers.length} refused, ${called} called`);
}

function attacks(): Attack<EgressLab>[] {
  const names: Attack<EgressLab>[] = [
    {
      id: 'egr-01',
      attacker: 'connector',
      title: 'names that are not on its list: another, one below, one behind, one of another connector',
      expect: 'each refused with its reason; no name server is asked',
      attack: (lab) =>
        refused(
          lab,
          [`${UNLISTED}:443`, `x.${LISTED}:443`, `${LISTED}.evil.example:443`, 'other.listed.example:443'],
          /^403 name_not_listed$/,
        ),
      twin: 'the listed name',
      allowed: (lab) => reached(lab),
    },
    {
      id: 'egr-02',
      attacker: 'connector',
      title: 'addresses instead of a name, in six spellings',
      expect: 'each refused with its reason; nothing leaves',
      attack: (lab) =>
        refused(
          lab,
          [
            `${NET.listed4}:443`,
            `[${NET.listed6}]:443`,
            '1572342282:443',
            '0x5db80a0a:443',
            '[::ffff:93.184.10.10]:443',
            '169.254.169.254:443',
          ],
          /^403 ip_literal$/,
        ),
      twin: 'the name of the same address',
      allowed: (lab) => reached(lab),
    },
    {
      id: 'egr-03',
      attacker: 'connector',
      title: 'other ports of the listed name: SSH, HTTP, SMTP in the clear, and one that others may use',
      expect: 'each refused with its reason; nothing leaves',
      attack: (lab) =>
        refused(
          lab,
          [22, 80, 25, 8443, 465].map((port) => `${LISTED}:${port}`),
          /^403 (?:port_refused|starttls_port|port_not_listed)$/,
        ),
      twin: 'the other port that is listed',
      allowed: (lab) => reached(lab, { name: LISTED, port: 993 }),
    },
    {
      id: 'egr-04',
      attacker: 'connector',
      title: 'stolen words as labels in front of the listed name and of another (DNS tunnelling)',
      expect: 'each refused; no name server hears a word',
      attack: (lab) => {
        const words = Array.from({ length: 10 }, (_, i) => Buffer.from(`secret piece ${i}`).toString('hex'));
        const asked = words.flatMap((word) => [`${word}.${LISTED}:443`, `${word}.${UNLISTED}:443`]);
        return refused(lab, asked, /^403 name_not_listed$/);
      },
      twin: 'the listed name is looked up by the egress process alone',
      allowed: async (lab) => {
        await reached(lab);
        const asked = (await lab.world.seen()).filter(({ kind }) => kind === 'dns');
        return trial(asked.length === 2 && asked.every(({ name }) => name === LISTED), `${asked.length} questions`);
      },
    },
  ];
  return [...names, ...hellos(), ...addresses()];
}

function hellos(): Attack<EgressLab>[] {
  return [
    {
      id: 'egr-05',
      attacker: 'connector',
      title: 'a hello that names another server than the way was opened for (fronting)',
      expect: 'no server reads it',
      attack: async (lab) => unread(lab, await captureHello({ servername: UNLISTED })),
      twin: 'a hello that names the listed server in capitals',
      allowed: (lab) => reached(lab, on443(LISTED), { servername: LISTED.toUpperCase() }),
    },
    {
      id: 'egr-06',
      attacker: 'connector',
      title: 'a hello whose true name is encrypted',
      expect: 'no server reads it',
      attack: async (lab) => unread(lab, addEncryptedHello(await captureHello({ servername: LISTED }))),
      twin: 'the same hello without it',
      allowed: (lab) => reached(lab),
    },
    {
      id: 'egr-07',
      attacker: 'connector',
      title: 'a second hello, asked for by the server, that names another server',
      expect: 'no server reads it',
      attack: async (lab) => {
        const first = await captureHello({ servername: RETRY, ecdhCurve: 'X25519:P-384' });
        const socket = await rawTunnel(socketOf(lab), on443(RETRY));
        const asked = new Promise((resolve) => socket.once('data', resolve));
        socket.write(first);
        await asked;
        socket.write(Buffer.concat([Buffer.from([20, 3, 3, 0, 1, 1]), replaceName(first, UNLISTED)]));
        await readAll(socket);
        return noHello(lab);
      },
      twin: 'a second hello that names the same server',
      allowed: (lab) => reached(lab, on443(RETRY), { ecdhCurve: 'X25519:P-384' }),
    },
    {
      id: 'egr-08',
      attacker: 'connector',
      title: 'plain SSH through the opened way',
      expect: 'no byte of it reaches a server',
      attack: (lab) => unread(lab, Buffer.from('SSH-2.0-OpenSSH\r\n')),
      twin: 'TLS through the same way, by hand',
      allowed: async (lab) => {
        const socket = await rawTunnel(socketOf(lab), on443(LISTED));
        const secured = connectTls({ socket, servername: LISTED, ca: lab.world.ca });
        secured.on('secureConnect', () => secured.end());
        return trial((await readAll(secured)).toString().startsWith('hello '), 'reached end to end');
      },
    },
  ];
}

function addresses(): Attack<EgressLab>[] {
  return [
    {
      id: 'egr-09',
      attacker: 'connector',
      title: 'a listed name whose owner lets it lead home: LAN, metadata, loopback, unique-local, 6to4, one of two',
      expect: 'each refused; nobody is called',
      attack: (lab) =>
        uncalled(lab, [
          { a: [[NET.lan]] },
          { a: [[NET.metadata]] },
          { a: [['127.0.0.1']] },
          { aaaa: [[NET.unique6]] },
          { aaaa: [[NET.tunnel6]] },
          { a: [[NET.listed4, NET.lan]] },
        ]),
      twin: 'the same name with a public address',
      allowed: async (lab) => {
        await lab.world.say({ [TURNING]: { a: [[NET.listed4]] } });
        return reached(lab, on443(TURNING));
      },
    },
    {
      id: 'egr-10',
      attacker: 'connector',
      title: 'a name that is public when first asked and private when asked again (rebinding)',
      expect: 'asked once for each way; refused when private; nobody is called',
      attack: async (lab) => {
        await lab.world.say({ [TURNING]: { a: [[NET.listed4], [NET.metadata]] } });
        const first = await reached(lab, on443(TURNING));
        await lab.world.seen();
        const second = await askConnect(socketOf(lab), `${TURNING}:443`);
        const called = (await lab.world.seen()).filter(({ kind }) => kind !== 'dns').length;
        return trial(first.ok && second === '403 special_address' && called === 0, `${second}, ${called} called`);
      },
      twin: 'the same name once it is public again',
      allowed: async (lab) => {
        await lab.world.say({ [TURNING]: { a: [[NET.listed4]] } });
        return reached(lab, on443(TURNING));
      },
    },
  ];
}
