import { createSocket, type Socket } from 'node:dgram';
import { Resolver } from 'node:dns';
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { networkInterfaces } from 'node:os';

export interface SelfProbeOptions {
  /** Descriptors that the zone was given on purpose, above the standard streams. */
  readonly expectedDescriptors: readonly number[];
  /** Files of the host that must not exist in here. */
  readonly hostFiles: readonly string[];
  /** The zone sees the names of the host's files (mode L): then they must not open. */
  readonly hostNames: boolean;
  /** `host`: a zone that is the way out, of whose network nothing is asked. */
  readonly network: 'none' | 'host';
}

/** Exit code of a zone whose own probe found the wall open. */
export const EXIT_PROBE_FAILED = 70;

const HOST_FILES = ['/etc/passwd', '/etc/shadow', '/root', '/home', '/sys', '/bin/sh', '/usr/bin/env', '/boot'];
const REFUSALS = new Set(['EAFNOSUPPORT', 'EPERM', 'EACCES']);
const DESCRIPTORS_LOOKED_AT = 64;

/**
 * Tries, from inside, what must not work. Returns what did: an empty list is a wall that stands.
 * Tripwire calls (VSOCK, ptrace, mount) are not tried: they would end the process.
 */
export async function probeWall(options: Partial<SelfProbeOptions> = {}): Promise<string[]> {
  return [
    ...(options.hostFiles ?? HOST_FILES)
      .filter(options.hostNames === true ? opens : isVisible)
      .map((path) => `\`${path}\` of the host is visible`),
    ...unexpectedDescriptors(options.expectedDescriptors ?? []),
    ...openStatus(),
    ...(options.network === 'host' ? [] : await openNetwork()),
  ];
}

async function openNetwork(): Promise<string[]> {
  const found = hasOnlyLoopback() ? [] : ['a network interface other than lo exists'];
  const [tcp, udp, name] = await Promise.all([connects(), sends(createSocket('udp4')), resolves()]);
  if (tcp) found.push('a TCP socket can be opened');
  if (udp) found.push('a UDP socket can be opened');
  if (name) found.push('a name server can be asked');
  return found;
}

/** A directory that is empty shows nothing: the Docker engine covers what it cannot leave out with such. */
function isVisible(path: string): boolean {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found !== undefined && !(found.isDirectory() && readdirSync(path).length === 0);
  } catch (error) {
    // There, and closed to us: it is the host's.
    return error instanceof Error && 'code' in error && error.code === 'EACCES';
  }
}

function opens(path: string): boolean {
  try {
    closeSync(openSync(path, 'r'));
    return true;
  } catch {
    return false;
  }
}

/** Node's own descriptors are queues and pipes; a file, a directory or a device was left open by whoever started us. */
function unexpectedDescriptors(expected: readonly number[]): string[] {
  const found: string[] = [];
  for (let fd = 3; fd < DESCRIPTORS_LOOKED_AT; fd++) {
    if (expected.includes(fd)) continue;
    try {
      const stat = fstatSync(fd);
      if (stat.isDirectory() || stat.isFile() || stat.isBlockDevice() || stat.isSocket())
        found.push(`descriptor ${fd} was left open`);
    } catch {
      // Not open, as it should be.
    }
  }
  return found;
}

/** The kernel's own words, where /proc exists and may be read; the supervisor reads them from outside in any case. */
function openStatus(): string[] {
  let status: string;
  try {
    status = readFileSync('/proc/self/status', 'utf8');
  } catch {
    return [];
  }
  const expected = [/^NoNewPrivs:\s*1$/m, /^Seccomp:\s*2$/m, /^CapEff:\s*0+$/m, /^CapPrm:\s*0+$/m];
  return expected.filter((line) => !line.test(status)).map((line) => `process status lacks ${line.source}`);
}

function hasOnlyLoopback(): boolean {
  try {
    return Object.keys(networkInterfaces()).every((name) => name === 'lo');
  } catch {
    // The filter refuses the question itself.
    return true;
  }
}

/** True unless the kernel refuses the socket itself: "nobody listens" would mean that a socket could be had. */
function connects(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port: 9, autoSelectFamily: false, timeout: 1_000 });
    const end = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(true));
    socket.once('error', (error: NodeJS.ErrnoException) => end(!REFUSALS.has(error.code ?? '')));
  });
}

function sends(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (open: boolean): void => {
      socket.close();
      resolve(open);
    };
    socket.once('error', () => end(false));
    socket.bind(0, '127.0.0.1', () => end(true));
  });
}

/** Asked of the name server itself: the library's way would start a thread pool for the same refusal. */
function resolves(): Promise<boolean> {
  return new Promise((resolve) => {
    const resolver = new Resolver({ timeout: 100, tries: 1 });
    // Where a socket can be had the question times out, or worse, is answered.
    resolver.resolve4('probe.invalid', (error) => resolve(error?.code !== 'ECONNREFUSED'));
  });
}
