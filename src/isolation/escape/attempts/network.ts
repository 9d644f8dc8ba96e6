import { ipv4, ipv6, unix } from '../address.ts';
import {
  cannotTell,
  held,
  open,
  readArrival,
  type Attempt,
  type Reading,
  type Staged,
  type WallFacts,
} from '../attempt.ts';
import { errnoName } from '../errno.ts';
import type { Answers } from '../program.ts';
import {
  ANSWER,
  bytes,
  call,
  chain,
  firstOf,
  into,
  kept,
  result,
  scratch,
  text,
  words,
  type Arg,
  type Step,
} from '../steps.ts';
import { AT_FDCWD } from './common.ts';

const AF = { inet: 2, netlink: 16, inet6: 10 } as const;
const STREAM = 1;
const DATAGRAM = 2;
const RAW = 3;
/** No socket is of this type: the kernel refuses it after the filter let it pass, and loads no module for it. */
const NO_TYPE = 15;
const LOOPBACK6 = [0, 0, 0, 0, 0, 0, 0, 1];

/** A wall that gives the network on purpose claims nothing about it. */
const isTheWayOut = (wall: WallFacts): string | undefined =>
  wall.network === 'host' ? 'this process is the way out and has the network on purpose' : undefined;

const connectTcp = (family: number, address: Arg, length: number): readonly Step[] =>
  chain(into('fd', 'socket', family, STREAM, 0), call('connect', result('fd'), address, length));

/** Sends and waits for the answer: in a network of its own a zone may send, and nobody hears it. */
const askUdp = (family: number, address: Arg, length: number): readonly Step[] =>
  chain(
    into('fd', 'socket', family, DATAGRAM, 0),
    into('patience', 'setsockopt', result('fd'), 1, 20, words(2, 0), 16),
    into('connected', 'connect', result('fd'), address, length),
    into('sent', 'write', result('fd'), bytes(Buffer.from('probe')), 5),
    call('read', result('fd'), scratch('reply', 64), 64),
  );

/** Connecting a datagram socket asks for the way there and sends nothing. Outside the way to ourselves is asked for. */
const findRoute = (family: number, address: Arg, length: number, protocol = 0): readonly Step[] =>
  chain(into('fd', 'socket', family, DATAGRAM, protocol), call('connect', result('fd'), address, length));

const readFile = (path: string): readonly Step[] =>
  chain(into('fd', 'openat', AT_FDCWD, text(path), 0), call('read', result('fd'), kept('text', 4096), 4096));

/** Reads a kept text: whatever `found` returns is open. */
function readText(found: (text: string, at: Staged) => string | undefined): (answers: Answers, at: Staged) => Reading {
  return (answers, at) => {
    const answer = answers.number(ANSWER);
    if (answer === undefined) return cannotTell('it did not come to an answer');
    if (answer < 0) return held(errnoName(-answer));
    const saw = found(answers.bytes('text').subarray(0, Math.min(answer, 4096)).toString('latin1'), at);
    return saw === undefined ? held('nothing of the host in it') : open(saw);
  };
}

/** Families that nothing in a zone has a use for. Numbers of `AF_*`. */
const FAMILIES: readonly (readonly [id: string, title: string, family: number, type: number, row?: number])[] = [
  ['net-vsock', 'opens a socket to the hypervisor (AF_VSOCK), which no network namespace holds', 40, STREAM, 14],
  ['net-packet', 'opens a packet socket, to see and send any frame', 17, RAW, 16],
  ['net-alg', 'opens a socket into the kernel’s cryptography (AF_ALG)', 38, 5],
  ['net-xdp', 'opens a socket beside the network stack (AF_XDP)', 44, RAW],
  ['net-bluetooth', 'opens a Bluetooth socket', 31, RAW],
  ['net-can', 'opens a CAN bus socket', 29, RAW],
  ['net-tipc', 'opens a TIPC socket', 30, STREAM],
  ['net-key', 'opens a key management socket (PF_KEY)', 15, RAW],
];

const families = FAMILIES.map(([id, title, family, type, row]): Attempt => ({
  id,
  theme: 'network',
  title,
  ...(row === undefined ? {} : { rows: [row] }),
  steps: ({ inside }) => [call('socket', family, inside ? type : NO_TYPE, 0)],
  read: readArrival,
  ...(id === 'net-vsock' ? { atStart: true as const } : {}),
  heldBy: ['filter'],
  builtin: 'killed',
  twin: 'works',
}));

const reached: readonly Attempt[] = [
  {
    id: 'net-tcp4',
    theme: 'network',
    title: 'connects to a live TCP port on the host’s loopback',
    rows: [33],
    steps: ({ tcp4 }) => connectTcp(AF.inet, ipv4('127.0.0.1', tcp4), 16),
    heldBy: ['filter', 'network namespace'],
    builtin: 'refused',
    agent: 'absent',
    onPurpose: isTheWayOut,
    twin: 'works',
  },
  {
    id: 'net-tcp6',
    theme: 'network',
    title: 'connects to a live TCP port on the host’s IPv6 loopback',
    rows: [33],
    steps: ({ tcp6 }) => connectTcp(AF.inet6, ipv6(LOOPBACK6, tcp6), 28),
    heldBy: ['filter', 'network namespace'],
    builtin: 'refused',
    agent: 'absent',
    onPurpose: isTheWayOut,
    twin: 'works',
  },
  {
    id: 'net-udp4',
    theme: 'network',
    title: 'sends a datagram to a live port of the host and gets an answer',
    steps: ({ udp4 }) => askUdp(AF.inet, ipv4('127.0.0.1', udp4), 16),
    heldBy: ['filter', 'network namespace'],
    builtin: 'refused',
    agent: 'absent',
    onPurpose: isTheWayOut,
    twin: 'works',
  },
  {
    id: 'net-udp6',
    theme: 'network',
    title: 'sends a datagram over IPv6 to a live port of the host and gets an answer',
    steps: ({ udp6 }) => askUdp(AF.inet6, ipv6(LOOPBACK6, udp6), 28),
    heldBy: ['filter', 'network namespace'],
    builtin: 'refused',
    agent: 'absent',
    onPurpose: isTheWayOut,
    twin: 'works',
  },
  {
    id: 'net-dns',
    theme: 'network',
    title: 'asks a name server: one of the prober, then those of the host',
    steps: ({ inside, udp4, resolvers }) =>
      firstOf([
        askUdp(AF.inet, ipv4('127.0.0.1', udp4), 16),
        ...(inside ? resolvers.map((address) => findRoute(AF.inet, ipv4(address, 53), 16)) : []),
      ]),
    heldBy: ['filter', 'network namespace'],
    builtin: 'refused',
    agent: 'absent',
    onPurpose: isTheWayOut,
    twin: 'works',
  },
  {
    id: 'net-public4',
    theme: 'network',
    title: 'finds a way to a public address (1.1.1.1)',
    steps: ({ inside }) => findRoute(AF.inet, ipv4(inside ? '1.1.1.1' : '127.0.0.1', 443), 16),
    heldBy: ['filter', 'network namespace'],
    builtin: 'refused',
    agent: 'absent',
    onPurpose: isTheWayOut,
    twin: 'works',
  },
  {
    id: 'net-public6',
    theme: 'network',
    title: 'finds a way to a public IPv6 address',
    steps: ({ inside }) =>
      findRoute(AF.inet6, ipv6(inside ? [0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111] : LOOPBACK6, 443), 28),
    heldBy: ['filter', 'network namespace'],
    builtin: 'refused',
    agent: 'absent',
    onPurpose: isTheWayOut,
    twin: 'works',
  },
  {
    id: 'net-metadata',
    theme: 'network',
    title: 'finds a way to the cloud’s metadata address (169.254.169.254)',
    steps: ({ inside }) => findRoute(AF.inet, ipv4(inside ? '169.254.169.254' : '127.0.0.1', 80), 16),
    heldBy: ['filter', 'network namespace'],
    builtin: 'refused',
    agent: 'absent',
    onPurpose: isTheWayOut,
    twin: 'works',
  },
];

const sockets: readonly Attempt[] = [
  {
    id: 'net-ping',
    theme: 'network',
    title: 'opens a ping socket and finds a way to a public address',
    steps: ({ inside }) => findRoute(AF.inet, ipv4(inside ? '1.1.1.1' : '127.0.0.1', 0), 16, 1),
    heldBy: ['filter', 'network namespace'],
    builtin: 'refused',
    onPurpose: isTheWayOut,
    twin: 'comes back',
  },
  {
    id: 'net-raw',
    theme: 'network',
    title: 'opens a raw socket (ICMP)',
    rows: [16],
    steps: () => [call('socket', AF.inet, RAW, 1)],
    heldBy: ['filter', 'no privileges'],
    builtin: 'refused',
    twin: 'works for root',
  },
  {
    id: 'net-netlink',
    theme: 'network',
    title: 'opens a netlink socket, to list and change interfaces and routes',
    rows: [15],
    steps: () => [call('socket', AF.netlink, RAW, 0)],
    heldBy: ['filter'],
    builtin: 'refused',
    twin: 'works',
  },
];

const listed: readonly Attempt[] = [
  {
    id: 'net-interfaces',
    theme: 'network',
    title: 'sees a network interface other than its own loopback',
    steps: () => readFile('/proc/self/net/dev'),
    read: readText((text) => {
      const names = [...text.matchAll(/^\s*([^\s:|]+):/gm)].map(([, name]) => name).filter((name) => name !== 'lo');
      return names.length > 0 ? `${names.length} interfaces` : undefined;
    }),
    heldBy: ['network namespace', 'file view'],
    builtin: 'absent',
    onPurpose: isTheWayOut,
    twin: 'works',
  },
  {
    id: 'net-routes',
    theme: 'network',
    title: 'reads a route out of this machine',
    steps: () => readFile('/proc/self/net/route'),
    read: readText((text) => (text.trim().split('\n').length > 1 ? 'a route' : undefined)),
    heldBy: ['network namespace', 'file view'],
    builtin: 'absent',
    onPurpose: isTheWayOut,
    twin: 'works',
  },
  {
    id: 'net-listeners',
    theme: 'network',
    title: 'reads which programs of the host listen on sockets',
    steps: () => readFile('/proc/self/net/unix'),
    read: readText((text) => (text.trim().split('\n').length > 4 ? 'a list of sockets' : undefined)),
    heldBy: ['network namespace', 'file view'],
    builtin: 'absent',
    onPurpose: isTheWayOut,
    twin: 'works',
  },
  {
    id: 'net-abstract',
    theme: 'sockets',
    title: 'connects to a live abstract socket of the host, which is no file',
    rows: [17],
    steps: ({ abstractName }) => {
      const { address, length } = unix(`\0${abstractName}`);
      return chain(into('fd', 'socket', 1, STREAM, 0), call('connect', result('fd'), address, length));
    },
    heldBy: ['network namespace', 'scopes'],
    builtin: 'absent',
    lost: ({ network }) =>
      network === 'host' ? 'abstract sockets belong to the network, which the way out shares with the host' : undefined,
    twin: 'works',
  },
];

export const NETWORK: readonly Attempt[] = [...reached, ...sockets, ...families, ...listed];
