import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export const isRoot = process.getuid?.() === 0;
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
/** A forgotten holder ends by itself. */
const HOLD_SECONDS = '900';

/** Addresses of the fake internet. None of the public ones is ever reached: they exist between two namespaces only. */
export const NET = {
  ours4: '93.184.1.2',
  ours6: '2a00:1450:1::2',
  gateway4: '93.184.1.1',
  gateway6: '2a00:1450:1::1',
  /** The resolver that is named, and one that is not. */
  resolver: '9.9.9.9',
  otherResolver: '8.8.4.4',
  listed4: '93.184.10.10',
  listed6: '2a00:1450:10::10',
  unlisted4: '93.184.10.20',
  /** Nothing listens there; nothing is there at all; TLS that asks for a second hello. */
  closed4: '93.184.10.30',
  lost4: '93.184.10.50',
  retry4: '93.184.10.40',
  lan: '192.168.7.7',
  metadata: '169.254.169.254',
  unique6: 'fd00:7::7',
  tunnel6: '2002:5db8:a0a::1',
} as const;
const SERVER_SIDE = [
  ...[NET.resolver, NET.otherResolver, NET.listed4, NET.unlisted4, NET.closed4, NET.retry4, NET.lan, NET.metadata].map(
    (address) => `${address}/32`,
  ),
  ...[NET.listed6, NET.unique6, NET.tunnel6].map((address) => `${address}/128`),
];

export interface Namespaces {
  /** Command line that runs `command` on our side (`ours`) or the far side (`internet`), as `uid` where we are root. */
  readonly command: (side: 'ours' | 'internet', command: readonly string[], uid?: number) => [string, ...string[]];
  readonly run: (side: 'ours' | 'internet', command: readonly string[], input?: string) => string;
  readonly close: () => void;
}

/**
 * Two network namespaces joined by a cable. As root directly; as an ordinary user inside a user namespace. Returns the
 * reason where the system allows neither.
 */
export async function openNamespaces(): Promise<Namespaces | string> {
  const ours = await hold(['unshare', ...(isRoot ? [] : ['-Ur']), '-n']);
  if (typeof ours === 'string') return ours;
  const enter = (pid: number): string[] => [
    ...['nsenter', '-t', String(pid), '-n'],
    ...(isRoot ? [] : ['-U', '--preserve-credentials']),
    '--',
  ];
  const internet = await hold([...(isRoot ? [] : enter(ours.pid)), 'unshare', '-n']);
  if (typeof internet === 'string') {
    ours.child.kill('SIGKILL');
    return internet;
  }
  const pids = { ours: ours.pid, internet: internet.pid };
  const spaces: Namespaces = {
    command: (side, command, uid) => {
      const as =
        uid !== undefined && isRoot
          ? ['setpriv', '--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--']
          : [];
      const [first = '', ...rest] = [...enter(pids[side]), ...as, ...command];
      return [first, ...rest];
    },
    run: (side, command, input) => runNow(spaces.command(side, command), input),
    close: () => {
      ours.child.kill('SIGKILL');
      internet.child.kill('SIGKILL');
    },
  };
  joinBoth(spaces, internet.pid);
  return spaces;
}

function joinBoth(spaces: Namespaces, farPid: number): void {
  const ip = (side: 'ours' | 'internet', line: string): string => spaces.run(side, ['ip', ...line.split(' ')]);
  ip('ours', `link add hs0 type veth peer name hs1 netns ${farPid}`);
  for (const [side, link] of [
    ['ours', 'hs0'],
    ['internet', 'hs1'],
  ] as const) {
    ip(side, 'link set lo up');
    ip(side, `link set ${link} up`);
  }
  ip('ours', `addr add ${NET.ours4}/24 dev hs0`);
  ip('ours', `-6 addr add ${NET.ours6}/64 dev hs0 nodad`);
  ip('internet', `addr add ${NET.gateway4}/24 dev hs1`);
  ip('internet', `-6 addr add ${NET.gateway6}/64 dev hs1 nodad`);
  for (const address of SERVER_SIDE) {
    ip('internet', address.includes(':') ? `-6 addr add ${address} dev lo nodad` : `addr add ${address} dev lo`);
  }
  ip('ours', `route add default via ${NET.gateway4}`);
  ip('ours', `-6 route add default via ${NET.gateway6}`);
}

interface Held {
  readonly pid: number;
  readonly child: ChildProcess;
}

/** A process that keeps a namespace alive. Every tool that is called runs itself out, so its pid is the holder's. */
async function hold(command: readonly string[]): Promise<Held | string> {
  const [first = 'unshare', ...rest] = command;
  const child = spawn(first, [...rest, 'sh', '-c', `echo held; exec sleep ${HOLD_SECONDS}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH },
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const settled = await Promise.race([once(child.stdout, 'data'), once(child, 'close'), once(child, 'error')]);
  const [got] = settled as unknown[];
  if (Buffer.isBuffer(got) && child.pid !== undefined) return { pid: child.pid, child };
  return `no network namespace of our own here: ${said.trim() || String(got)}`;
}

function runNow([first, ...rest]: [string, ...string[]], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync(first, rest, {
    encoding: 'utf8',
    env: { ...process.env, PATH },
    timeout: 20_000,
    ...(input === undefined ? {} : { input }),
  });
  if (status !== 0) throw new Error(`${[first, ...rest].join(' ')}: ${stderr}${error?.message ?? ''}`);
  return stdout;
}
