import { loadFirewall, removeFirewall } from '../../../src/host/firewall/index.ts';
import { attempt, echoesArrived, output, type Attempt } from '../../egress/lab/attempts.ts';
import { isRoot, NET } from '../../egress/lab/namespaces.ts';
import { dns, firewallOf, OPEN_TO_EGRESS, ping, PLAN, SHUT_TO_EGRESS, tcp, udp, WAYS } from '../../egress/lab/rules.ts';
import { LISTED, UID } from '../../egress/lab/world.ts';
import { defineSuite, trial, type Attack, type Suite, type Trial } from '../attack.ts';
import { closeEgressLab, openEgressLab, type EgressLab } from './egress.ts';

/** The third lock: what a process meets that has left its empty network namespace but keeps its uid. */
export const locks: Suite = defineSuite<EgressLab>({
  name: 'locks',
  title: 'out past the firewall, as a zone outside its namespace and as the egress process taken over',
  unavailable: () => (isRoot ? null : 'only root can give a process another uid'),
  open: async () => {
    const lab = await openEgressLab();
    lab.world.spaces.run('ours', ['sh', '-c', 'echo "0 2147483647" > /proc/sys/net/ipv4/ping_group_range']);
    await loadFirewall(PLAN, firewallOf(lab.world));
    return lab;
  },
  before: async ({ world }) => void (await world.seen()),
  close: closeEgressLab,
  attacks: attacks(),
});

/** Nothing of it arrives, and the kernel says so at once. */
async function shut({ world }: EgressLab, uid: number, ways: readonly Attempt[]): Promise<Trial> {
  const before = echoesArrived(world);
  const answers = await attempt(world, uid, ways);
  const arrived = (await world.seen()).length + echoesArrived(world) - before;
  const isPing = ways.every(({ kind }) => kind === 'ping');
  // The sender of an echo request is not told that its packet was refused: what arrived is the judge.
  const held = isPing ? ways.length : answers.filter((answer) => answer !== 'passed' && answer !== 'silence').length;
  return trial(held === ways.length && arrived === 0, `${held} of ${ways.length} refused, ${arrived} arrived`);
}

/** The same ways without the rules: the attempts can see. */
async function open(lab: EgressLab, uid: number, ways: readonly Attempt[]): Promise<Trial> {
  const run = firewallOf(lab.world);
  await removeFirewall(run);
  try {
    const before = echoesArrived(lab.world);
    const passed = (await attempt(lab.world, uid, ways)).filter((answer) => answer === 'passed').length;
    const isPing = ways.every(({ kind }) => kind === 'ping');
    const arrived = isPing ? echoesArrived(lab.world) - before : passed;
    return trial(arrived === ways.length, `${arrived} of ${ways.length} passed`);
  } finally {
    await loadFirewall(PLAN, run);
  }
}

function attacks(): Attack<EgressLab>[] {
  const kinds: readonly [string, readonly Attempt[]][] = [
    ['TCP to public addresses', [tcp(NET.listed4, 443), tcp(NET.unlisted4, 443)]],
    ['TCP to the home network and the metadata service', [tcp(NET.lan, 80), tcp(NET.lan, 22), tcp(NET.metadata, 80)]],
    ['TCP over IPv6', [tcp(NET.listed6, 443), tcp(NET.unique6, 443)]],
    ['UDP, which QUIC would use', [udp(NET.listed4, 443), udp(NET.listed6, 443), udp(NET.lan, 443)]],
    ['questions to name servers with stolen words in them', WAYS.filter(({ kind }) => kind === 'dns')],
    ['echo requests', [ping(NET.listed4), ping(NET.listed6), ping(NET.lan)]],
  ];
  const zones = kinds.map(([title, ways], i): Attack<EgressLab> => ({
    id: `lck-0${i + 1}`,
    attacker: 'zone',
    title: `${title}, by the uid of a zone`,
    expect: 'refused by the kernel; nothing arrives',
    attack: (lab) => shut(lab, UID.zone, ways),
    twin: 'the same without the rules',
    allowed: (lab) => open(lab, UID.zone, ways),
  }));
  return [...zones, ...others()];
}

function others(): Attack<EgressLab>[] {
  return [
    {
      id: 'lck-07',
      attacker: 'connector',
      title: 'every way out, by the uid of a connector',
      expect: 'refused by the kernel; nothing arrives',
      attack: (lab) => shut(lab, UID.connector, WAYS),
      twin: 'the same by a uid that is not ours, which is not touched',
      allowed: async ({ world }) => {
        const passed = (await attempt(world, 61_400, WAYS)).filter((answer) => answer === 'passed').length;
        return trial(passed === WAYS.length, `${passed} of ${WAYS.length} passed`);
      },
    },
    {
      id: 'lck-08',
      attacker: 'zone',
      title: 'the egress process taken over: home network, metadata, other ports, UDP, another name server, loopback',
      expect: 'refused by the kernel; nothing arrives',
      attack: (lab) => shut(lab, UID.egress, SHUT_TO_EGRESS),
      twin: 'its own ports of public addresses and its own name server',
      allowed: async ({ world }) => {
        const ways = [...OPEN_TO_EGRESS, dns(NET.resolver, LISTED)];
        const passed = (await attempt(world, UID.egress, ways)).filter((answer) => answer === 'passed').length;
        return trial(passed === ways.length, `${passed} of ${ways.length} passed`);
      },
    },
    {
      id: 'lck-09',
      attacker: 'owner’s files',
      title: 'a table of somebody else’s that accepts everything, before and after ours',
      expect: 'opens nothing',
      attack: async (lab) => {
        const hook = (at: number): string =>
          `chain c${at + 500} {\n type filter hook output priority ${at};\n accept\n }\n`;
        const table = `table inet generous {\n${hook(-400)}${hook(400)}}\n`;
        lab.world.spaces.run('ours', ['nft', '-f', '-'], table);
        try {
          return await shut(lab, UID.zone, WAYS);
        } finally {
          await output(lab.world, undefined, ['nft', 'delete', 'table', 'inet', 'generous']);
        }
      },
      twin: 'the same table without ours',
      allowed: (lab) => open(lab, UID.zone, WAYS),
    },
  ];
}
